// Package field reads the fields of a mail's header as they are found in real mail: RFC 5322 with its obsolete syntax, MIME
// (RFC 2045, 2047, 2231), internationalized mail (RFC 6532) and what mailers write instead.
//
// Everything is bounded by the length of its input and reads it once or a few times, from left to right. Nothing fails: what
// cannot be read is left as it is or left out, and a note says so. The package does not know what a field is for.
package field
