package mime

import (
	"strconv"

	"github.com/millrace/millrace/connectors/imap/message/field"
	"github.com/millrace/millrace/connectors/imap/message/note"
)

// Structure is what an IMAP server says of a mail's parts (BODYSTRUCTURE). Names and values are as the server sends them:
// continuations of RFC 2231 and encoded words are undone here.
type Structure struct {
	Type              string // "text/plain", "multipart/mixed"
	Params            map[string]string
	Disposition       string
	DispositionParams map[string]string
	Encoding          string
	Size              int64 // bytes, encoded
	Parts             []Structure
}

// Each calls visit with every part that has no parts, as Walk does with those of a mail that it reads, within the same
// bounds. size is what the server says, in encoded bytes.
func (s *Structure) Each(notes *note.List, visit func(p *Part, size int64)) {
	e := each{notes: notes, visit: visit}
	root := &Part{Path: []int{1}}
	if len(s.Parts) > 0 {
		root.Path = nil
	}
	e.part(s, root, "")
}

type each struct {
	notes   *note.List
	visit   func(*Part, int64)
	parts   int
	choices int
}

// part visits one part. at has the place of it.
func (e *each) part(s *Structure, at *Part, within string) {
	if e.parts++; e.parts > maxParts {
		e.notes.Add("more than " + strconv.Itoa(maxParts) + " parts, the rest is not looked at")
		return
	}
	s.fill(at, within, e.notes)
	if at.Multipart() && len(at.Around) == maxDepth {
		e.notes.Add("parts nested deeper than " + strconv.Itoa(maxDepth))
	}
	if !at.Multipart() || len(at.Around) == maxDepth {
		e.visit(at, s.Size)
		return
	}
	choice := at.Choice
	if at.Type == "multipart/alternative" {
		e.choices++
		choice = e.choices
	}
	for i := range s.Parts {
		e.part(&s.Parts[i], &Part{
			Path:   append(at.Path[:len(at.Path):len(at.Path)], i+1),
			Around: append(at.Around[:len(at.Around):len(at.Around)], at.Type),
			Choice: choice,
		}, at.Type)
	}
}

// fill reads what the server says as FromHeader reads a header.
func (s *Structure) fill(p *Part, within string, notes *note.List) {
	p.Params = field.Joined(s.Params, "", notes)
	kind, _ := field.Params([]byte(s.Type), "", notes)
	p.Type = mediaType(kind, within, notes)
	p.Disposition, _ = field.Params([]byte(s.Disposition), "", notes)
	p.Encoding = encoding([]byte(s.Encoding))
	if p.File = FileName(field.Joined(s.DispositionParams, p.Params["charset"], notes)["filename"]); p.File == "" {
		p.File = FileName(p.Params["name"])
	}
}

// Decoded estimates how many bytes a part has whose encoded size a server says. It is exact but for the length of lines.
func Decoded(encoding string, size int64) int64 {
	if encoding != "base64" {
		return size
	}
	return size/78*57 + size%78*3/4
}
