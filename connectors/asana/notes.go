package asana

import (
	"regexp"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// Our part of a description lives between these two lines. Everything outside of them belongs to people and is kept
// byte for byte. Both lines are in every ledger and task for ever: they must not change.
const (
	beginMark = "— Millrace: do not edit below —"
	endMark   = "— end of Millrace —"
)

// maxNotes bounds a whole description in bytes, which is at most what it is in characters (unverified: Asana names no
// limit; its app refuses more than 65,535).
const maxNotes = 65535

// cutSentence ends a block that had to be shortened.
const cutSentence = "(shortened: an Asana description holds 65,535 characters)"

// keyLabel begins the line that holds the key where there are no custom fields.
const keyLabel = "Hub ID: "

// The marks are recognised also when an editor changed their dashes or the blanks around them.
var (
	beginLine = regexp.MustCompile(`(?i)^[\s\p{Pd}]*Millrace: do not edit below[\s\p{Pd}]*$`)
	endLine   = regexp.MustCompile(`(?i)^[\s\p{Pd}]*end of Millrace[\s\p{Pd}]*$`)
	keyLine   = regexp.MustCompile(`(?m)^` + keyLabel + `(\S+)\s*$`)
)

// ourNotes is what our block says of an item. Without custom fields (plain) its fields and key are lines of it.
func ourNotes(it connectors.Item, plain, withKey bool) string {
	var b strings.Builder
	b.WriteString(strings.Trim(manyLines(it.Notes), "\n"))
	if plain {
		b.WriteString("\n") // a blank line before the fields
		for _, f := range it.Fields {
			if f.Value != "" {
				b.WriteString("\n" + name(f.Name) + ": " + oneLine(f.Value, maxValue))
			}
		}
		if withKey {
			b.WriteString("\n" + keyLabel + it.Key)
		}
	}
	text := strings.Trim(b.String(), "\n")
	if !mentionsUs(text) {
		return text
	}
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if beginLine.MatchString(line) || endLine.MatchString(line) {
			lines[i] = "| " + line // a customer's text must not end our block
		}
	}
	return strings.Join(lines, "\n")
}

// mentionsUs reports whether the word is in a text that both marks contain: looking for it costs a fraction of matching
// every line.
func mentionsUs(text string) bool {
	const word = "millrace"
	for i := 0; i+len(word) <= len(text); i++ {
		if text[i]|0x20 == word[0] && strings.EqualFold(text[i:i+len(word)], word) {
			return true
		}
	}
	return false
}

// keyIn returns the key that a description carries for lack of custom fields, "" if none. It must stand in our block:
// a key that a person quotes elsewhere is no claim.
func keyIn(notes string) string {
	b, ok := findBlock(notes, "")
	if !ok {
		return ""
	}
	found := keyLine.FindAllStringSubmatch(notes[b.start:b.end], -1)
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1][1] // ours is the last line; one above it came from the item's own text
}

// span is the place of a block in a text.
type span struct{ start, end int }

// findBlock returns the first block: from the begin line nearest to the first end line that follows one. When a person
// deleted the end line, only the begin line and as many lines as are still what we wrote (old) are ours.
func findBlock(text, old string) (span, bool) {
	begin, beginEnd := -1, -1
	for at := 0; at <= len(text); {
		end := lineEnd(text, at)
		switch line := text[at:end]; {
		case beginLine.MatchString(line):
			begin, beginEnd = at, end
		case begin >= 0 && endLine.MatchString(line):
			return span{begin, end}, true
		}
		at = end + 1
	}
	if begin < 0 {
		return span{}, false
	}
	end := beginEnd
	for line := range strings.SplitSeq(old, "\n") {
		next := end + 1
		if old == "" || next > len(text) || strings.TrimRight(text[next:lineEnd(text, next)], "\r ") != line {
			break
		}
		end = lineEnd(text, next)
	}
	return span{begin, end}, true
}

// lineEnd returns where the line that begins at from ends, its line break excluded.
func lineEnd(text string, from int) int {
	if n := strings.IndexByte(text[from:], '\n'); n >= 0 {
		return from + n
	}
	return len(text)
}

// editNotes puts body into our block of text, in place of what it said (old, when known), or after everything else when
// there is no block yet. An empty body removes the block. A person's text is never cut: when it leaves too little room
// the block is shortened, and left out when there is none.
func editNotes(text, body, old string) string {
	head, tail := text, ""
	if b, ok := findBlock(text, old); ok {
		head, tail = text[:b.start], text[b.end:]
	} else if body != "" {
		head += gap(text)
	}
	block := fit(body, maxNotes-len(head)-len(tail))
	if body != "" && block == "" && len(head)+len(tail) >= len(text) {
		return text
	}
	return head + block + tail
}

// gap separates our block from a person's text.
func gap(text string) string {
	switch {
	case text == "" || strings.HasSuffix(text, "\n\n"):
		return ""
	case strings.HasSuffix(text, "\n"):
		return "\n"
	}
	return "\n\n"
}

// fit frames body with the marks within room bytes; "" when there is nothing to frame or no room at all. The last line
// of a body is kept when it is the key, since a block without it would not be found again.
func fit(body string, room int) string {
	if body == "" {
		return ""
	}
	frame := len(beginMark) + len(endMark) + 2
	if frame+len(body) <= room {
		return beginMark + "\n" + body + "\n" + endMark
	}
	ending := cutSentence
	if at := strings.LastIndexByte(body, '\n') + 1; strings.HasPrefix(body[at:], keyLabel) {
		ending += "\n" + body[at:]
		body = body[:max(at-1, 0)]
	}
	space := room - frame - len(ending) - 1
	if space < 0 {
		return ""
	}
	return beginMark + "\n" + cutBytes(body, space) + "\n" + ending + "\n" + endMark
}
