package message

import (
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors/imap/message/charset"
	"github.com/millrace/millrace/connectors/imap/message/field"
	"github.com/millrace/millrace/connectors/imap/message/note"
	"github.com/millrace/millrace/connectors/imap/message/text"
)

// body returns what a mail says. Of alternatives the plain one counts when it says anything; texts that stand beside each
// other, as before and after a picture, follow each other. most bounds the bytes of each text that are looked at.
func body(texts []*textPart, most int, notes *note.List) string {
	var said []string
	done := make(map[int]bool)
	for i, t := range texts {
		if t.part.Choice == 0 {
			said = append(said, t.read(most, notes))
			continue
		}
		if !done[t.part.Choice] {
			done[t.part.Choice] = true
			said = append(said, choose(texts[i:], t.part.Choice, most, notes))
		}
	}
	said = slices.DeleteFunc(said, func(s string) bool { return s == "" })
	return strings.Join(said, "\n\n")
}

// choose reads one alternative: plain texts, else the others.
func choose(texts []*textPart, choice, most int, notes *note.List) string {
	for _, html := range []bool{false, true} {
		var said []string
		for _, t := range texts {
			if t.part.Choice == choice && (t.part.Type == "text/html") == html {
				said = append(said, t.read(most, notes))
			}
		}
		if s := strings.TrimSpace(strings.Join(said, "\n\n")); s != "" {
			return s
		}
	}
	return ""
}

// read returns a text as plain UTF-8.
func (t *textPart) read(most int, notes *note.List) string {
	raw := t.text[:min(len(t.text), most)]
	s := charset.Decode(t.part.Params["charset"], wholeRunes(raw, t.cut || len(raw) < len(t.text)), notes)
	switch {
	case t.part.Type == "text/html":
		s = text.HTML([]byte(s))
	case strings.EqualFold(t.part.Params["format"], "flowed"):
		s = text.Flowed(s, strings.EqualFold(t.part.Params["delsp"], "yes"))
	}
	return text.Clean(s)
}

// wholeRunes takes away a character of UTF-8 that a cut went through; other charsets lose one to U+FFFD.
func wholeRunes(b []byte, cut bool) []byte {
	if !cut {
		return b
	}
	for i := 1; i <= 3 && i <= len(b); i++ {
		if c := b[len(b)-i]; c >= 0xc0 {
			return b[:len(b)-i]
		} else if c < 0x80 {
			break
		}
	}
	return b
}

// takeBody puts text into the message as the policy wants.
func (c *collector) takeBody(m *Message) string {
	if !c.keep {
		return ""
	}
	full := body(c.texts, 1<<30, &c.notes)
	if c.settings.Body == Snippet || c.settings.Body == Full {
		m.Snippet = text.Snippet(full, snippetLength)
	}
	if c.settings.Body == Full {
		m.Body = field.Cut(full, c.settings.maxBody())
		if len(m.Body) < len(full) || slices.ContainsFunc(c.texts, func(t *textPart) bool { return t.cut }) {
			c.notes.Add("text too long, cut")
		}
	}
	return full
}
