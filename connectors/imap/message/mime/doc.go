// Package mime walks through the parts of one mail while its bytes stream past (RFC 2045, 2046), and undoes their transfer
// encodings. Memory is bounded by constants, whatever the mail: one line buffer, the headers of the part at hand and the
// boundaries of those around it.
//
// A mail within a mail (message/rfc822) is one part of it: the package does not go in. It does not decode charsets, and it
// keeps no content: a Visitor says where it goes.
package mime
