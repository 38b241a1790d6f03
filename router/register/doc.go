// Package register makes the webhooks that vendors have agree with what is read: it asks a vendor what there is, compares it
// with what is wanted, and creates, changes and deletes what differs. What vendors make up themselves, secrets among it, it
// keeps in the ledger, sealed.
//
// It touches nothing but our own: what delivers to an address of the connection, or what it created and the ledger knows.
// It receives nothing (package receive), knows no vendor and asks nobody for permission.
package register
