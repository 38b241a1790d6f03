package message

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"regexp"

	"github.com/millrace/millrace/connectors/imap/message/charset"
	"github.com/millrace/millrace/connectors/imap/message/field"
	"github.com/millrace/millrace/connectors/imap/message/mime"
)

// uuBegin is the line in front of a file that was written into a text before there was MIME.
var uuBegin = regexp.MustCompile(`(?m)^begin [0-7]{3,4} ([^\r\n]{1,255})\r?\n`)

// uuEnd is the line after it.
var uuEnd = regexp.MustCompile(`(?m)^end[ \t]*\r?$`)

// takeFiles makes attachments of the uuencoded files in a text and returns the text without them. A file whose end was cut
// off stays text.
func (c *collector) takeFiles(text []byte) []byte {
	for range maxAttachments {
		if !bytes.Contains(text, []byte("begin ")) {
			break // as nearly always: the expression is slow
		}
		begin := uuBegin.FindSubmatchIndex(text)
		if begin == nil {
			break
		}
		end := uuEnd.FindIndex(text[begin[1]:])
		if end == nil {
			break
		}
		var file bytes.Buffer
		mime.Decode("uuencode", text[begin[0]:begin[1]+end[1]], &file, &c.notes)
		sum := sha256.Sum256(file.Bytes())
		name := field.Line(charset.Guess(c.hint, text[begin[2]:begin[3]], &c.notes))
		c.attach(Attachment{Name: mime.FileName(name), Type: "application/octet-stream", Size: int64(file.Len()), SHA256: hex.EncodeToString(sum[:])})
		text = append(text[:begin[0]:begin[0]], text[begin[1]+end[1]:]...)
	}
	return text
}
