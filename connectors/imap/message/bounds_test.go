package message

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

// repeat is a reader of one text many times over, so that no test needs the memory it wants to see unused.
type repeat struct {
	text string
	left int // bytes
	at   int
}

func (r *repeat) Read(p []byte) (n int, err error) {
	for n < len(p) && r.left > 0 {
		k := copy(p[n:min(len(p), n+r.left)], r.text[r.at:])
		n, r.left, r.at = n+k, r.left-k, (r.at+k)%len(r.text)
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

const boundsHead = "From: Ann <ann@customer.example>\r\nTo: sales@ours.example\r\nSubject: Large\r\nDate: Mon, 30 Nov 2026 10:00:00 +0000\r\nMessage-ID: <large@customer.example>\r\n"

// A mail of any size takes the memory of a small one. What is counted is all that was ever allocated, garbage too.
func TestMemoryIsBounded(t *testing.T) {
	mixed := boundsHead + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSee attached.\r\n--x\r\n"
	for name, c := range map[string]struct{ head, text string }{
		"base64":             {mixed + "Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n", strings.Repeat("aGVsbG8gd29ybGQh", 5)[:76] + "\r\n"},
		"quoted-printable":   {mixed + "Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", strings.Repeat("=41", 24) + "=\r\n"},
		"uuencode":           {mixed + "Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 x\r\n", "M" + strings.Repeat("!", 60) + "\r\n"},
		"one line":           {mixed + "Content-Type: image/png; name=a.png\r\n\r\n", "x"},
		"one line of base64": {mixed + "Content-Type: image/png; name=a.png\r\nContent-Transfer-Encoding: base64\r\n\r\n", "aGVs"},
		"text":               {boundsHead + "\r\n", "All work and no play.\r\n"},
		"html":               {boundsHead + "Content-Type: text/html\r\n\r\n", "<div><b>x</b>"},
		"empty lines":        {boundsHead + "\r\n", "\r\n"},
		"nul":                {boundsHead + "\r\n", "\x00"},
		"mail in a mail":     {boundsHead + "Content-Type: message/rfc822\r\n\r\n", "Subject: x\r\nContent-Type: message/rfc822\r\n\r\n"},
		"header":             {boundsHead, "X-Long: " + strings.Repeat("y", 60) + "\r\n"},
		"one field":          {boundsHead + "References:", " <a@example.com>\r\n"},
		"parts":              {boundsHead + "Content-Type: multipart/mixed; boundary=x\r\n\r\n", "--x\r\n\r\nx\r\n"},
		"nested parts":       {boundsHead, "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n"},
		"boundaries":         {boundsHead + "Content-Type: multipart/mixed; boundary=x\r\n\r\n", "--x\r\n"},
		"recipients":         {boundsHead, "Cc: a@example.com, b@example.com, c@example.com\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			size := 64 << 20
			switch {
			case testing.Short():
				size = 8 << 20 // the race detector is fifteen times slower
			case name == "base64" || name == "one line":
				size = 200 << 20
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			m, err := Parse(io.MultiReader(strings.NewReader(c.head), &repeat{text: c.text, left: size}), received, Settings{Body: Full})
			runtime.ReadMemStats(&after)
			if err != nil || m.Subject != "Large" {
				t.Errorf("got %q and %v", m.Subject, err)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 6<<20 {
				t.Errorf("%d bytes took %d bytes of memory", size, used)
			}
			if n := len(m.JSON()); n > 512<<10 {
				t.Errorf("the record has %d bytes", n)
			}
		})
	}
}

// Ten thousand parts, in each other and beside each other, and what stands behind them.
func TestTenThousandParts(t *testing.T) {
	const n = 10_000
	var nested, flat, mails strings.Builder
	nested.WriteString(boundsHead)
	for i := range n {
		fmt.Fprintf(&nested, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	nested.WriteString("\r\ninnermost\r\n")
	for i := n - 1; i >= 0; i-- {
		fmt.Fprintf(&nested, "--b%d--\r\n", i)
	}
	flat.WriteString(boundsHead + "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nfirst\r\n")
	for i := range n {
		fmt.Fprintf(&flat, "--x\r\nContent-Type: image/png; name=%d.png\r\n\r\nx\r\n", i)
	}
	mails.WriteString(boundsHead + strings.Repeat("Content-Type: message/rfc822\r\n\r\n", n))
	for name, c := range map[string]struct{ raw, problem string }{
		"nested": {nested.String(), "parts nested deeper than 32"}, "flat": {flat.String(), "more than 1000 parts, the rest is not looked at"}, "mails": {mails.String(), ""},
	} {
		m := parse(t, []byte(c.raw), ours)
		if m.Subject != "Large" || len(m.Attachments) > 100 || c.problem != "" && !strings.Contains(strings.Join(m.Problems, ";"), c.problem) {
			t.Errorf("%s: got %q, %d attachments and the problems %q", name, m.Subject, len(m.Attachments), m.Problems)
		}
	}
	texts := boundsHead + "Content-Type: multipart/mixed; boundary=x\r\n\r\n" + strings.Repeat("--x\r\n\r\nhello\r\n", 500)
	if m := parse(t, []byte(texts), ours); strings.Count(m.Body, "hello") != 20 || !strings.Contains(strings.Join(m.Problems, ";"), "more texts than are read") {
		t.Errorf("got %d texts and the problems %q", strings.Count(m.Body, "hello"), m.Problems)
	}
	if m := parse(t, []byte(flat.String()), ours); m.Body != "first" || m.Attachments[99].Name != "99.png" {
		t.Errorf("got the body %q and %d attachments", m.Body, len(m.Attachments))
	}
}

// A header of a megabyte, whatever it is made of, hides no field behind it.
func TestLargeHeader(t *testing.T) {
	for name, junk := range map[string]string{
		"one field":      "X-Junk: " + strings.Repeat("a", 1<<20) + "\r\n",
		"folded":         "X-Junk: a\r\n" + strings.Repeat(" aaaaaaa\r\n", 100_000),
		"many":           strings.Repeat("X-Junk: a\r\n", 100_000),
		"no fields":      strings.Repeat("junk\r\n", 170_000),
		"references":     "References: " + strings.Repeat("<a@b>\r\n ", 130_000) + "\r\n",
		"recipients":     "To: " + strings.Repeat("a@b.example, ", 80_000) + "\r\n",
		"names":          strings.Repeat("a", 1<<20) + ": x\r\n",
		"encoded words":  "Cc: " + strings.Repeat("=?utf-8?Q?a?=\r\n ", 60_000) + "<a@b.example>\r\n",
		"many of a kind": strings.Repeat("Cc: a@b.example\r\n", 60_000),
		"open comment":   "Cc: " + strings.Repeat("(", 1<<20) + "\r\n",
		"parameters":     "Content-Type: text/plain" + strings.Repeat("; a=b", 200_000) + "\r\n",
	} {
		began := time.Now()
		m := parse(t, []byte(junk+boundsHead+"\r\nhello\r\n"), ours)
		if m.Subject != "Large" || m.MessageID != "large@customer.example" || m.Body != "hello" || len(m.From) != 1 {
			t.Errorf("%s: got %q, %q and the body %q", name, m.Subject, m.MessageID, m.Body)
		}
		if n := len(m.JSON()); n > 256<<10 {
			t.Errorf("%s: the record has %d bytes", name, n)
		}
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
	}
}

// What a reader fails with is returned, and with it what came before.
func TestReaderFails(t *testing.T) {
	broken := errors.New("connection reset")
	m, err := Parse(io.MultiReader(strings.NewReader(boundsHead+"\r\nhel"), iotest.ErrReader(broken)), received, ours)
	if !errors.Is(err, broken) || m.Subject != "Large" || m.Body != "hel" {
		t.Errorf("got %q, %q and %v", m.Subject, m.Body, err)
	}
}

// How the bytes arrive, and which line ends they have, changes nothing.
func TestPiecesDoNotMatter(t *testing.T) {
	for name, raw := range corpus(t) {
		want := parse(t, raw, ours)
		for how, r := range map[string]io.Reader{
			"byte by byte": iotest.OneByteReader(bytes.NewReader(raw)), "halves": iotest.HalfReader(bytes.NewReader(raw)),
			"error with data": iotest.DataErrReader(bytes.NewReader(raw)), "line feeds": bytes.NewReader(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n"))),
		} {
			got, err := Parse(r, received, ours)
			if how == "line feeds" && name == "charset-utf-16" {
				continue // its line ends are part of what is encoded
			}
			if err != nil || got.ID != want.ID || !bytes.Equal(got.JSON(), want.JSON()) {
				t.Errorf("%s, %s: got %s and %v, want %s", name, how, got.JSON(), err, want.JSON())
			}
		}
	}
}
