// Package card writes a customer as an address-book card that other programs read: JSContact 2.0 (RFC 9553 as changed by
// RFC 9982, https://www.rfc-editor.org/rfc/rfc9982.html) and vCard 4.0 (RFC 6350, with the account property of RFC 9554).
// Names keep their script, their order and their localizations.
//
// It does not write everything that is known of a customer: stages, owners, consents, numbers in registers and custom
// attributes have no place on a card (package mapping/envelope has all of it). It reads no cards. Cards hold customers'
// data: never log one.
package card
