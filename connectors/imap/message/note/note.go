// Package note collects what is odd about a mail. A mail is never refused for an oddity: it is read as well as can be, and
// what was odd is said beside it. The package knows nothing of mail, and never holds a word of a mail's text.
package note

import "strconv"

// most is how many notes a mail may have. The hundredth oddity of a mail tells nobody anything new.
const most = 20

// List is a set of notes in the order in which they were made. The zero value is empty and ready.
type List struct {
	notes []string
	more  int
}

// Add makes a note, once. A nil list takes notes too, and forgets them.
func (l *List) Add(text string) {
	if l == nil || text == "" {
		return
	}
	for _, n := range l.notes {
		if n == text {
			return
		}
	}
	if len(l.notes) == most {
		l.more++
		return
	}
	l.notes = append(l.notes, text)
}

// All returns the notes; when there were too many, the last one says so.
func (l *List) All() []string {
	if l.more == 0 {
		return l.notes
	}
	return append(l.notes[:most:most], strconv.Itoa(l.more)+" more oddities")
}
