package asana

import (
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
)

func block(body string) string { return beginMark + "\n" + body + "\n" + endMark }

func TestEditNotes(t *testing.T) {
	cases := []struct{ name, text, body, old, want string }{
		{"nothing yet", "", "a", "", block("a")},
		{"nothing to say", "", "", "", ""},
		{"below a person's text", "call them", "a", "", "call them\n\n" + block("a")},
		{"below a line break", "call them\n", "a", "", "call them\n\n" + block("a")},
		{"in place", "above\n" + block("a") + "\nbelow", "b", "a", "above\n" + block("b") + "\nbelow"},
		{"edited by a person", "above\n" + block("a, they wrote") + "\nbelow", "b", "a", "above\n" + block("b") + "\nbelow"},
		{"removed", "above\n" + block("a") + "\nbelow", "", "a", "above\n\nbelow"},
		{"end line deleted", "x\n" + beginMark + "\na1\na2\nmine", "b", "a1\na2", "x\n" + block("b") + "\nmine"},
		{"end line deleted, old unknown", beginMark + "\na1\nmine", "b", "", block("b") + "\na1\nmine"},
		{"begin line deleted", "a\n" + endMark, "b", "a", "a\n" + endMark + "\n\n" + block("b")},
		{"copied", block("a") + "\n" + block("a"), "b", "a", block("b") + "\n" + block("a")},
		{"begin line copied above", beginMark + "\nmine\n" + block("a"), "b", "a", beginMark + "\nmine\n" + block("b")},
		{"dashes replaced", "-- millrace: do not edit below --\r\na\r\n - end of Millrace -\r\nmine", "b", "", block("b") + "\nmine"},
		{"marks quoted in a line", "see \"" + beginMark + "\"", "b", "", "see \"" + beginMark + "\"\n\n" + block("b")},
	}
	for _, c := range cases {
		if got := editNotes(c.text, c.body, c.old); got != c.want {
			t.Errorf("%s:\n got %q\nwant %q", c.name, got, c.want)
		}
	}
}

// outside is a text without its first complete block, as a reader who knows the marks would cut it.
func outside(t testing.TB, text string) (head, tail string, ok bool) {
	t.Helper()
	b, ok := findBlock(text, "")
	if !ok {
		return text, "", false
	}
	return text[:b.start], text[b.end:], true
}

// checkEdit holds what must be true of every text a person can write and everything we can say.
func checkEdit(t testing.TB, text, notes string) {
	t.Helper()
	it := connectors.Item{Key: "deals/1", Notes: notes}
	body := ourNotes(it, false, false)
	edited := editNotes(text, body, "")
	head, tail, had := outside(t, text)
	if !strings.HasPrefix(edited, head) || !strings.HasSuffix(edited, tail) || len(edited) < len(head)+len(tail) {
		t.Fatalf("a person's text is lost: %q became %q", text, edited)
	}
	// With nothing to say, or no room to say it, each edit takes one more leftover mark away, so only a block that stays must
	// be stable.
	b, ok := findBlock(edited, "")
	stays := body != "" && ok && strings.HasSuffix(edited[b.start:b.end], endMark)
	if again := editNotes(edited, body, ""); stays && again != edited {
		t.Fatalf("not stable: %q then %q", edited, again)
	}
	if len(edited) > maxNotes && len(edited) > len(text) {
		t.Fatalf("grew to %d bytes, the most is %d", len(edited), maxNotes)
	}
	if body == "" && !had && edited != text {
		t.Fatalf("nothing to say and yet %q became %q", text, edited)
	}
	if body != "" && len(text)+len(body) < maxNotes/2 {
		if !ok || edited[b.start:b.end] != block(body) {
			t.Fatalf("the block in %q does not say %q", edited, body)
		}
	}
	if utf8.ValidString(text) && !utf8.ValidString(edited) {
		t.Fatalf("%q became invalid UTF-8 %q", text, edited)
	}
}

func TestPeoplesTextIsKept(t *testing.T) {
	piece := rapid.OneOf(rapid.Just(beginMark), rapid.Just(endMark), rapid.Just("\n"), rapid.Just("\r\n"), rapid.Just(keyLabel+"x"),
		rapid.Just(strings.Repeat("å", 20000)), rapid.String(), rapid.StringMatching(`[ -]{0,3}(end of )?Millrace(: do not edit below)?`))
	text := rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(piece, 0, 8).Draw(t, "pieces"), "") })
	rapid.Check(t, func(r *rapid.T) { checkEdit(t, text.Draw(r, "text"), text.Draw(r, "notes")) })
}

func FuzzEditNotes(f *testing.F) {
	f.Add("above\n"+block("a")+"\nbelow", "b")
	f.Add(beginMark+"\na", "b\n"+endMark+"\nc")
	f.Add(strings.Repeat("é", 32760), "x")
	f.Fuzz(func(t *testing.T, text, notes string) { checkEdit(t, text, notes) })
}

func TestNotesThatDoNotFit(t *testing.T) {
	it := connectors.Item{Key: "deals/1", Notes: strings.Repeat("Zażółć\n", 20000)}
	edited := editNotes("mine", ourNotes(it, true, true), "")
	if len(edited) > maxNotes || len(edited) < maxNotes-20 {
		t.Errorf("got %d bytes, want nearly %d", len(edited), maxNotes)
	}
	if !strings.Contains(edited, cutSentence) || !strings.HasPrefix(edited, "mine\n\n") {
		t.Errorf("the shortened text neither says so nor begins with the person's own: %.80q … %q", edited, edited[len(edited)-200:])
	}
	if got := keyIn(edited); got != it.Key {
		t.Errorf("key after shortening: got %q, want %q", got, it.Key)
	}
	full := strings.Repeat("x", maxNotes-10)
	if got := editNotes(full, "b", ""); got != full {
		t.Errorf("a full description changed to %d bytes", len(got))
	}
}

func TestKeyIsOnlyReadInOurBlock(t *testing.T) {
	it := connectors.Item{Key: "deals/1", Notes: "Hub ID: deals/666", Fields: []connectors.Field{{Name: "Amount", Value: "5"}}}
	for text, want := range map[string]string{
		editNotes("Hub ID: deals/777\n", ourNotes(it, true, true), ""): "deals/1",
		"Hub ID: deals/777": "",
		"":                  "",
	} {
		if got := keyIn(text); got != want {
			t.Errorf("key in %q: got %q, want %q", text, got, want)
		}
	}
}
