package tree

import (
	"strings"
	"testing"
)

func TestParseKeepsPlaces(t *testing.T) {
	n, err := Parse("r.yaml", []byte("version: 1\nobjects:\n  contacts: {kind: person, n: [a, 'b c']}\n  expr: |\n    one +\n    two\n  quoted: \"x y\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	contacts := n.Get("objects").Get("contacts")
	for _, c := range []struct {
		got  Pos
		want string
	}{
		{contacts.Get("kind").Pos, "3:20"},
		{contacts.Get("n").Items[1].Inside(1, 3), "3:38"},
		{n.Get("objects").Get("expr").Inside(2, 1), "6:5"},
		{n.Get("objects").Get("quoted").Inside(1, 3), "7:14"},
	} {
		if got := strings.TrimSuffix(strings.TrimPrefix(Problem{Pos: c.got}.Error(), "r.yaml:"), ": "); got != c.want {
			t.Errorf("place %s; want %s", got, c.want)
		}
	}
	if got := n.Get("objects").Get("expr").Text; got != "one +\ntwo\n" {
		t.Errorf("block text %q; want two lines", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for in, want := range map[string]string{
		"a: 1\na: 2\n":              "r.yaml:2:1: ",
		"a: &x 1\nb: *x\n":          "anchors",
		"a: [1\n":                   "r.yaml:1:",
		"a: 1\n---\nb: 2\n":         "2 YAML documents",
		strings.Repeat("[", 100):    "brackets",
		"a: !!str 1\n":              "tags",
		"<<: {a: 1}\n":              "r.yaml:1:",
		"a:\n\tb: 1\n":              "r.yaml:2:",
		strings.Repeat("a", 300000): "bytes",
	} {
		_, err := Parse("r.yaml", []byte(in))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q gives %v; want an error with %q", in, err, want)
		}
	}
}

func TestKnownSuggests(t *testing.T) {
	var r Report
	r.Known(Pos{File: "f", Line: 2, Column: 3}, "a field", "emials", []string{"emails", "phones"})
	r.Known(Pos{File: "f", Line: 1, Column: 3}, "a field", "zzz", []string{"emails", "phones"})
	want := "f:1:3: \"zzz\" is not a field; use one of emails, phones\nf:2:3: \"emials\" is not a field; did you mean \"emails\"?"
	if got := r.Err().Error(); got != want {
		t.Errorf("problems:\n%s\nwant:\n%s", got, want)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("version: 1\nobjects:\n  contacts: {kind: person, n: [a, 'b c']}\n  expr: |\n    one +\n    two\n"))
	f.Add([]byte("a: &x 1\nb: *x\n<<: {a: 1}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := Parse("f", data)
		if err == nil && n == nil {
			t.Fatal("neither node nor error")
		}
	})
}
