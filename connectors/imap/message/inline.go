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
var uuBegin = regexp.MustCompile(`^begin [0-7]{3,4} (\S.{0,254}?)\s*$`)

// takeFiles makes attachments of the uuencoded files in a text and returns the text without them. A file whose end was cut
// off stays text.
func (c *collector) takeFiles(text []byte) []byte {
	if !bytes.Contains(text, []byte("begin ")) {
		return text // as nearly always
	}
	kept := make([]byte, 0, len(text))
	for rest := text; len(rest) > 0; {
		line, after, _ := bytes.Cut(rest, []byte("\n"))
		if bytes.HasPrefix(line, []byte("begin ")) {
			if !bytes.Contains(rest, []byte("\nend")) {
				return append(kept, rest...)
			}
			if name, size := uuFile(rest, line); size > 0 {
				c.takeFile(name, rest[:size])
				rest = rest[size:]
				continue
			}
		}
		kept = append(kept, rest[:len(rest)-len(after)]...)
		rest = after
	}
	return kept
}

// uuFile returns the name of the file that text begins with, and how many bytes it takes up to its end; 0 when it is none.
// Somewhere in text a line begins with "end".
func uuFile(text, line []byte) (name []byte, size int) {
	begin := uuBegin.FindSubmatch(line)
	end := bytes.Index(text, []byte("\nend"))
	if begin == nil {
		return nil, 0
	}
	last, _, _ := bytes.Cut(text[end+1:], []byte("\n"))
	if string(bytes.TrimRight(last, " \t\r")) != "end" {
		return nil, 0
	}
	return begin[1], end + 1 + len(last)
}

func (c *collector) takeFile(name, encoded []byte) {
	var file bytes.Buffer
	mime.Decode("uuencode", encoded, &file, &c.notes)
	sum := sha256.Sum256(file.Bytes())
	c.attach(Attachment{Name: mime.FileName(field.Line(charset.Guess(c.hint, name, &c.notes))), Type: "application/octet-stream",
		Size: int64(file.Len()), SHA256: hex.EncodeToString(sum[:])})
}
