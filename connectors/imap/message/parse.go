package message

import (
	"io"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors/imap/message/field"
	"github.com/millrace/millrace/connectors/imap/message/mime"
)

// Parse reads a whole mail while it streams past. received is when the server got it (INTERNALDATE), the zero time when that
// is not known. The error is the reader's; the message beside it is of what came before it, and not the mail's.
func Parse(r io.Reader, received time.Time, s Settings) (*Message, error) {
	c := newCollector(s)
	err := mime.Walk(r, c, &c.notes)
	return c.message(received), err
}

// Structure is what a server says of the parts of a mail (BODYSTRUCTURE).
type Structure = mime.Structure

// Fetched is what was fetched of a mail that is not read whole.
type Fetched struct {
	// Header is the header, or those of its fields that are in Fields.
	Header    []byte
	Structure *Structure // nil when it was not asked for: then nothing is known of the parts
	Sections  []Section
	Received  time.Time // INTERNALDATE
}

// Fields are the names of the fields that are read; BODY.PEEK[HEADER.FIELDS (…)] of these is as good as the whole header.
var Fields = field.Names

// Section is a part of a mail, as BODY.PEEK[2.1]<0.65536> asks for.
type Section struct {
	Path []int
	Most int    // how many encoded bytes are wanted
	Data []byte // what came, still encoded
}

// Wanted returns which sections, and how much of each, Assemble needs beside header and structure. Under None that is
// nothing, but for mails without a Message-ID, whose id is made of their text too, and for bounces.
func Wanted(header []byte, structure *Structure, s Settings) []Section {
	c := newCollector(s)
	c.Top(field.Read(header, nil))
	plain := make(map[int]bool) // alternatives whose plain text will do
	if s.Body == Snippet && field.ID(c.header.Get("message-id")) != "" {
		c.each(structure, func(p *mime.Part, size int64) {
			plain[p.Choice] = plain[p.Choice] || p.Choice > 0 && c.roleOf(p) == said && p.Type == "text/plain" && size >= enough
		})
	}
	var wanted []Section
	c.each(structure, func(p *mime.Part, size int64) {
		if len(wanted) < maxSections && c.begin(p) && !(plain[p.Choice] && p.Type == "text/html") {
			wanted = append(wanted, Section{Path: p.Path, Most: encodedMost(p.Encoding, c.most(), size)})
		}
	})
	return wanted
}

// maxSections is how many sections of a mail are asked for: its texts, and what a delivery report has beside them.
const maxSections = maxTexts + 2

// enough is how many encoded bytes a plain text has that says something, so that the HTML beside it need not be
// fetched for a snippet. Where it says nothing after all, the mail has no snippet.
const enough = 200

// encodedMost returns how many encoded bytes to ask for, so that as many decoded ones are among them as are held. size is
// what the server says there is; some are wrong by a little.
func encodedMost(encoding string, decoded int, size int64) int {
	most := decoded
	switch encoding {
	case "base64":
		most = decoded/57*78 + 78
	case "quoted-printable": // of a script beyond ASCII: three for one, and the line ends
		most = decoded * 16 / 5
	}
	if size > 0 {
		most = int(min(int64(most), size+size/8+1024))
	}
	return most
}

// Assemble makes the message of what was fetched. It equals what Parse makes of the whole mail but for the sizes of
// attachments, which are estimated, and their hashes, which are missing.
func Assemble(f Fetched, s Settings) *Message {
	c := newCollector(s)
	c.Top(field.Read(f.Header, &c.notes))
	c.each(f.Structure, func(p *mime.Part, size int64) {
		if !c.begin(p) {
			c.estimate(p, size)
			return
		}
		data := f.section(p.Path)
		c.short = data != nil && int64(len(data)) < size
		mime.Decode(p.Encoding, data, c, &c.notes)
		c.Done()
	})
	return c.message(f.Received)
}

// each visits the parts that a server knows of.
func (c *collector) each(s *Structure, visit func(*mime.Part, int64)) {
	if s != nil {
		s.Each(&c.notes, visit)
	}
}

// section returns what came of a part, nil when it was not asked for.
func (f *Fetched) section(path []int) []byte {
	for _, s := range f.Sections {
		if slices.Equal(s.Path, path) {
			return s.Data
		}
	}
	return nil
}
