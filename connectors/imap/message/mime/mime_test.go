package mime

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/millrace/millrace/connectors/imap/message/field"
	"github.com/millrace/millrace/connectors/imap/message/note"
)

// recorder writes down what a walk tells.
type recorder struct {
	said strings.Builder
	text bytes.Buffer
	part *Part
}

func (r *recorder) Top(h *field.Header) { fmt.Fprintf(&r.said, "top %q;", h.Get("subject")) }

func (r *recorder) Leaf(p *Part) io.Writer {
	r.part = p
	r.text.Reset()
	return &r.text
}

func (r *recorder) Done() {
	path := strings.Trim(strings.ReplaceAll(fmt.Sprint(r.part.Path), " ", "."), "[]")
	fmt.Fprintf(&r.said, " %s %s %q;", path, r.part.Type, r.text.String())
}

func sent(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

// Where parts begin and end, in mails that keep to RFC 2046 and in mails that do not.
func TestWalk(t *testing.T) {
	multi := "Subject: s\nContent-Type: multipart/mixed; boundary=x\n\n"
	for name, c := range map[string]struct{ raw, want, problem string }{
		"text":              {"Subject: s\n\na\nb\n", `top "s"; 1 text/plain "a\r\nb";`, ""},
		"no header":         {"\na", `top ""; 1 text/plain "a";`, ""},
		"nothing":           {"", `top ""; 1 text/plain "";`, ""},
		"only a header":     {"Subject: s", `top "s"; 1 text/plain "";`, ""},
		"two parts":         {multi + "--x\n\na\n--x\nContent-Type: text/html\n\nb\n--x--\n", `top "s"; 1 text/plain "a"; 2 text/html "b";`, ""},
		"preamble":          {multi + "not seen\n--x\n\na\n--x--\nnor this\n", `top "s"; 1 text/plain "a";`, ""},
		"line end is kept":  {multi + "--x\n\na\n\n--x--\n", `top "s"; 1 text/plain "a\r\n";`, ""},
		"spaces behind":     {multi + "--x  \t\n\na\n--x-- \n", `top "s"; 1 text/plain "a";`, ""},
		"longer boundary":   {multi + "--x\n\na\n--xy\n--x--\n", `top "s"; 1 text/plain "a\r\n--xy";`, ""},
		"not at the start":  {multi + "--x\n\na --x\n --x\n--x--\n", `top "s"; 1 text/plain "a --x\r\n --x";`, ""},
		"no end":            {multi + "--x\n\na", `top "s"; 1 text/plain "a";`, "multipart without its end"},
		"no part":           {multi + "a\n", `top "s";`, "multipart without its end"},
		"empty part":        {multi + "--x\n--x\n\n--x--\n", `top "s"; 1 text/plain ""; 2 text/plain "";`, ""},
		"header cut off":    {multi + "--x\nContent-Type: text/html\n--x--\n", `top "s"; 1 text/html "";`, ""},
		"nested":            {multi + "--x\nContent-Type: multipart/alternative; boundary=y\n\n--y\n\na\n--y\nContent-Type: text/html\n\nb\n--y--\n--x\n\nc\n--x--\n", `top "s"; 1.1 text/plain "a"; 1.2 text/html "b"; 2 text/plain "c";`, ""},
		"inner end missing": {multi + "--x\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\na\n--x\n\nb\n--x--\n", `top "s"; 1.1 text/plain "a"; 2 text/plain "b";`, "multipart without its end"},
		"one boundary, two": {multi + "--x\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\na\n--x--\n--x\n\nb\n--x--\n", `top "s"; 1.1 text/plain "a"; 2 text/plain "b";`, ""},
		"prefix boundary":   {"Content-Type: multipart/mixed; boundary=x\n\n--x\nContent-Type: multipart/mixed; boundary=xx\n\n--xx\n\na\n--xx--\n--x--\n", `top ""; 1.1 text/plain "a";`, ""},
		"digest":            {"Content-Type: multipart/digest; boundary=x\n\n--x\n\nSubject: in\n\n--x--\n", `top ""; 1 message/rfc822 "Subject: in\r\n";`, ""},
		"attached multipart": {multi + "--x\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=y\n\n--y\n\na\n--y--\n--x--\n",
			`top "s"; 1 message/rfc822 "Content-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\na\r\n--y--";`, ""},
		"no boundary named": {"Content-Type: multipart/mixed\n\n--abc\n\na\n--abc--\n", `top ""; 1 text/plain "a";`, "multipart without a boundary"},
		"another boundary":  {multi + "--other-boundary\nContent-Type: text/html\n\na\n--other-boundary--\n", `top "s"; 1 text/html "a";`, "multipart with another boundary than its header names"},
		"signature is none": {multi + "--this-is-no-boundary\nhello\n--x\n\na\n--x--\n", `top "s"; 1 text/plain "a";`, ""},
		"body at once":      {"Subject: s\nhello there\n\na\n", `top "s"; 1 text/plain "a";`, "header line that is no field"},
	} {
		var r recorder
		var notes note.List
		if err := Walk(strings.NewReader(sent(c.raw)), &r, &notes); err != nil {
			t.Fatal(err)
		}
		if got := r.said.String(); got != c.want {
			t.Errorf("%s: got %s, want %s", name, got, c.want)
		}
		if got := strings.Join(notes.All(), "; "); got != c.problem {
			t.Errorf("%s: got the note %q, want %q", name, got, c.problem)
		}
	}
}

// Transfer encodings as they are found, decoded at once and from a stream of single bytes with lines in pieces.
func TestDecode(t *testing.T) {
	long := strings.Repeat("a", 3*maxLine)
	for name, c := range map[string]struct{ encoding, raw, want, problem string }{
		"none":                 {"", "a\n\nb", "a\r\n\r\nb", ""},
		"8bit in capitals":     {"8bit", "a\xff", "a\xff", ""},
		"unknown":              {"x-nothing", "a", "a", "unknown transfer encoding"},
		"long line":            {"7bit", long, long, ""},
		"base64":               {"base64", "aGVs\nbG8=", "hello", ""},
		"base64, no padding":   {"base64", "aGVsbG8", "hello", ""},
		"base64, junk":         {"base64", "aG*V s\tbG!8=", "hello", ""},
		"base64, twice":        {"base64", "aGVsbG8=\nIHlvdQ==", "hello you", ""},
		"base64, cut off":      {"base64", "aGVsbG8xx", "hello\x3c"[:5] + "1", "broken base64"},
		"base64, footer":       {"base64", "aGVs\n\n", "hel", ""},
		"base64, long":         {"base64", strings.Repeat("YWFh", maxLine), strings.Repeat("aaa", maxLine), ""},
		"quoted":               {"quoted-printable", "f=C3=BCr=\n Sie", "für Sie", ""},
		"quoted, lower case":   {"quoted-printable", "f=c3=bcr", "für", ""},
		"quoted, spaces go":    {"quoted-printable", "a  \nb=20\nc", "a\r\nb \r\nc", ""},
		"quoted, soft spaces":  {"quoted-printable", "a= \nb", "ab", ""},
		"quoted, broken":       {"quoted-printable", "a=XY =4 b=", "a=XY =4 b", ""},
		"quoted, bare bytes":   {"quoted-printable", "f\xc3\xbcr", "für", ""},
		"quoted, long":         {"quoted-printable", strings.Repeat("=41", maxLine), strings.Repeat("A", maxLine), ""},
		"uuencode":             {"x-uuencode", "begin 644 a\n#0V%T\n`\nend\n", "Cat", ""},
		"uuencode, words":      {"uuencode", "hello\nbegin 644 a\n#0V%T\nend\nbye", "Cat", ""},
		"uuencode, spaces":     {"uuencode", "begin 644 a\n#\n \nend", "\x00\x00\x00", ""},
		"uuencode, cut off":    {"uuencode", "begin 644 a\n#0V%T", "Cat", "broken uuencode"},
		"uuencode, not a line": {"uuencode", "begin 644 a\n" + strings.Repeat("M", 2*maxLine) + "\n#0V%T\nend", "Cat", ""},
	} {
		var whole, pieces bytes.Buffer
		var notes note.List
		Decode(c.encoding, []byte(sent(c.raw)), &whole, &notes)
		stream := newContent(c.encoding, &pieces, nil)
		if err := lines(iotest.OneByteReader(strings.NewReader(sent(c.raw))), func(b []byte, _, last bool) { stream.line(b, last) }); err != nil {
			t.Fatal(err)
		}
		stream.close()
		if name != "uuencode, not a line" && whole.String() != c.want {
			t.Errorf("%s: got %.200q, want %.200q", name, whole.String(), c.want)
		}
		if pieces.String() != c.want {
			t.Errorf("%s, in pieces: got %.200q, want %.200q", name, pieces.String(), c.want)
		}
		if got := strings.Join(notes.All(), "; "); got != c.problem {
			t.Errorf("%s: got the note %q, want %q", name, got, c.problem)
		}
	}
}

// A CR at the end of a piece is part of the line's end, or of the line.
func TestLinesInPieces(t *testing.T) {
	for _, end := range []string{"\r\n", "\n", "\rx\n"} {
		want := strings.Repeat("a", maxLine-1) + strings.TrimRight(end, "\r\n")
		var got []byte
		if err := lines(strings.NewReader(strings.Repeat("a", maxLine-1)+end), func(b []byte, _, _ bool) { got = append(got, b...) }); err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("%q: got %d bytes that end in %q", end, len(got), got[len(got)-3:])
		}
	}
}

func TestFileName(t *testing.T) {
	for name, want := range map[string]string{"a.pdf": "a.pdf", "../../etc/passwd": "passwd", `C:\Temp\a.pdf`: "a.pdf", "/": "", " a ": "a",
		strings.Repeat("ä", 300): strings.Repeat("ä", 127), "": ""} {
		if got := FileName(name); got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestMediaType(t *testing.T) {
	for value, want := range map[string]string{"": "text/plain", "TEXT/HTML": "text/html", "text": "text/plain", "html": "text/html", "text / plain": "text/plain", "application/x;y=z": "application/x",
		"multipart": "multipart/mixed", "/": "application/octet-stream", "a/b/c": "application/octet-stream", "pdf": "application/octet-stream", strings.Repeat("a", 200) + "/b": "application/octet-stream"} {
		h := field.Read([]byte("Content-Type: "+value+"\r\n\r\n"), nil)
		if got := FromHeader(h, "", nil).Type; got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}
