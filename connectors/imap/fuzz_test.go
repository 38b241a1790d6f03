package imap

import (
	"testing"

	"github.com/millrace/millrace/connectors"
)

// FuzzCursor: a stored cursor is read as it was written, and what is none is refused; neither ends a process.
func FuzzCursor(f *testing.F) {
	for _, text := range []string{"", "{}", `{"v":1,"at":{"INBOX":[1,3]}}`, `{"v":1,"at":{"A":[1,1]},"todo":[{"f":"A","to":7}],"since":1}`, `{"v":1}x`, `{"v":1,"at":{"A":[-1,1]}}`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := parseCursor(connectors.Cursor(text))
		if err != nil {
			if connectors.KindOf(err) != connectors.Rejected {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		again, err := parseCursor(c.String())
		if err != nil || again.String() != c.String() {
			t.Errorf("%q is written as %q and read as %q, %v", text, c.String(), again.String(), err)
		}
	})
}
