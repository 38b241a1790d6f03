// Package dovecottest starts a real Dovecot for tests: on loopback ports, with throw-away state, without root's rights, with
// CONDSTORE, IDLE, LMTP and, when asked, OAuth tokens. Debian has it as dovecot-imapd and dovecot-lmtpd.
//
// It does not know the connector, and puts mail into the mailbox by means of its own.
package dovecottest
