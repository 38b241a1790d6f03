// Package imap reads the mail of any IMAP mailbox: who wrote to whom, when, about what, in which thread.
//
// It does not parse messages (package message), does not speak the protocol itself (package wire), and never changes
// anything in the mailbox: nothing is marked as seen, moved or deleted. It does not decide whose mail is kept; the policy of
// known correspondents is applied where people are known. A mail that is deleted in the mailbox stays what happened.
package imap
