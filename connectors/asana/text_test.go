package asana

import (
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                   "plain",
		"tab\tline\nbreak\r":      "tab line break ",
		"bell\a nul\x00 c1\u0085": "bell nul c1",
		"\u202eright\u202c שלום":  "\u202eright\u202c שלום",
		"bad \xff byte":           "bad \uFFFD byte",
		"👩‍👩‍👧":                   "👩‍👩‍👧",
	} {
		if got := oneLine(in, 100); got != want {
			t.Errorf("oneLine(%q): got %q, want %q", in, got, want)
		}
	}
}

func TestTextFitsWhateverItIs(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		s := rapid.String().Draw(r, "text") + strings.Repeat(rapid.StringN(1, 3, -1).Draw(r, "more"), rapid.IntRange(0, 40).Draw(r, "times"))
		most := rapid.IntRange(1, 60).Draw(r, "max")
		got := oneLine(s, most)
		if n := len(utf16.Encode([]rune(got))); n > most || !utf8.ValidString(got) {
			t.Fatalf("oneLine(%q, %d): got %q of %d units", s, most, got, n)
		}
		if strings.ContainsAny(got, "\n\r\t\x00") {
			t.Fatalf("oneLine(%q): got control characters in %q", s, got)
		}
		if again := oneLine(got, most); again != got {
			t.Fatalf("not stable: %q then %q", got, again)
		}
	})
}
