// Package text makes plain text of what a mail says: paragraphs of format=flowed (RFC 3676), text of HTML, and the snippet,
// which is what its author wrote without what was quoted and without a signature.
//
// It takes valid UTF-8 and returns valid UTF-8 without control characters; nothing it returns is longer than a small multiple
// of what it took. It follows no link, loads nothing and keeps no markup. It does not understand languages: what is quoted
// is told by marks that do not depend on one, and by a list of headings that mailers write.
package text
