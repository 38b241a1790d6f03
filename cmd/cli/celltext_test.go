package cli

import (
	"bytes"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestPrintable(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"Ana Novak", "Ana Novak"},
		{"  two\n lines\t", "two lines"},
		{"red \x1b[31mname\x07", "red [31mname"},
		{"\u202eevil\u202c", "evil"},
		{"علی رضایی", "\u2068علی رضایی\u2069"},
		{"\u200fدنا כהן\u202a Ltd", "\u2068دنا כהן Ltd\u2069"},
		{"می\u200cخواهم", "\u2068می\u200cخواهم\u2069"},
		{"王小明", "王小明"},
		{"a\xffb", "ab"},
	} {
		if got := printable(c.in); got != c.want {
			t.Errorf("printable(%q): got %q, want %q", c.in, got, c.want)
		}
	}
}

func TestColumns(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
	}{{"Ana", 3}, {"王小明", 6}, {"e\u0301", 1}, {"\u2068علی\u2069", 3}, {"한국", 4}} {
		if got := columns(c.text); got != c.want {
			t.Errorf("columns(%q): got %d, want %d", c.text, got, c.want)
		}
	}
}

// Whatever a vendor says, a line stays one line, isolates are closed, and cutting keeps within its columns.
func TestNoTextBreaksATable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("\u202e\u2066\u2068\u2069\x1b\n\r\x00אبا王a")))).Draw(t, "text")
		most := rapid.IntRange(3, 40).Draw(t, "columns")
		for _, got := range []string{printable(text), shorten(printable(text), most)} {
			if strings.Count(got, string(isolate)) != strings.Count(got, string(isolated)) {
				t.Fatalf("isolates are not closed in %q", got)
			}
			if i := strings.IndexFunc(got, unicode.IsControl); i >= 0 {
				t.Fatalf("a control character is left in %q", got)
			}
		}
		if got := columns(shorten(printable(text), most)); got > most {
			t.Fatalf("got %d columns, want at most %d", got, most)
		}
	})
}

func TestTableKeepsItsColumns(t *testing.T) {
	var b bytes.Buffer
	tab := table{indent: "  "}
	tab.row("王小明", "x", "one")
	tab.row("Ana\nNovak", "yy", "a long last cell that is cut")
	tab.write(&b, 34)
	want := "  王小明     x   one\n  Ana Novak  yy  a long last cell th…\n"
	if got := b.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
