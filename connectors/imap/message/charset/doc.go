// Package charset turns bytes in any charset that mail is written in into valid UTF-8.
//
// Labels lie in real mail: what is called iso-8859-1 is windows-1252, gb2312 is GB 18030, and what is called either is often
// UTF-8. So a label is looked up as browsers do (WHATWG Encoding), then in IANA's registry, then by its letters and digits
// alone; and text that is valid UTF-8 beyond chance is read as UTF-8 whatever its label says. Every such decision is a note.
//
// The package does not detect languages: text without a usable label is UTF-8, ISO-2022-JP when it has its escapes, or
// windows-1252.
package charset
