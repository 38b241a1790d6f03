package message

import (
	"crypto/sha256"
	"encoding/base32"
	"io"
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/field"
)

// idLength is in characters of base32: 6 of the author's minute and 20 of a hash, 100 bits, so that no two of all mails ever
// written share one by chance.
const (
	idLength   = 26
	timeLength = 6
)

// idAlphabet is in the order of its bytes, so that ids of later mails come later.
const idAlphabet = "234567abcdefghijklmnopqrstuvwxyz"

var idText = base32.NewEncoding(idAlphabet).WithPadding(base32.NoPadding)

// id returns the id of a mail's record. Two copies of a mail have one, wherever they lie and however a server refolded or
// reencoded them; two mails that share a Message-ID, as those of careless programs do, differ by date or author. A mail
// without a Message-ID is told by its header and the beginning of its text. It begins with the minute of the Date field, so
// that a store which keeps records in the order of their ids has the mails of a page side by side.
func (c *collector) id(m *Message) string {
	h := sha256.New()
	put := func(parts ...string) {
		for _, p := range parts {
			io.WriteString(h, p+"\x00")
		}
	}
	date := strings.Join(strings.Fields(string(c.header.Get("date"))), " ")
	put(m.MessageID, date, first(m.From))
	if m.MessageID == "" {
		put(m.Subject)
		for _, list := range [][]Address{m.From, m.Sender, m.ReplyTo, m.To, m.Cc} {
			for _, a := range list {
				put(a.Name, a.Address)
			}
			put("")
		}
		put(field.IDs(c.header.Get("references"))...)
		put("", field.Line(body(c.texts, identityText, nil)))
		c.notes.Add("no message id")
	}
	return (idTime(c.header.Get("date")) + idText.EncodeToString(h.Sum(nil)))[:idLength]
}

// idTime returns the minute of a date, counted from 1970, in characters of ids; that of a date that is none, or before, is the
// first.
func idTime(value []byte) string {
	minute := int64(0)
	if at, ok := field.Date(value); ok {
		minute = max(0, at.Unix()/60)
	}
	var text [timeLength]byte
	for i := range text {
		text[timeLength-1-i] = idAlphabet[minute>>(5*i)&31]
	}
	return string(text[:])
}

// first returns the address of the first of a list, with its domain in one form.
func first(list []Address) string {
	if len(list) == 0 {
		return ""
	}
	if list[0].Address == "" {
		return list[0].Name
	}
	return list[0].Address
}
