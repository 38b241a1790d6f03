package message

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The end of a file that has none is looked for once: without the bound, this takes minutes.
func TestFilesWithoutEnds(t *testing.T) {
	text := strings.Repeat("begin 644 a\n", 500_000)
	began := time.Now()
	if got := newCollector(ours).takeFiles([]byte(text)); string(got) != text {
		t.Errorf("%d bytes of text became %d", len(text), len(got))
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}

// Texts that are made to hurt: each is read in the time that its length allows. The bound is for a machine that is busy.
func TestHurtfulTexts(t *testing.T) {
	files := strings.Repeat("begin 644 a\r\n#0V%T\r\nend\r\n", 2_000)
	for name, c := range map[string]struct{ head, text string }{
		"files":              {"", files},
		"files without ends": {"", strings.Repeat("begin 644 a\r\n", 5_000)},
		"files, odd ends":    {"", strings.Repeat("begin 644 a\r\nendless\r\n", 3_000)},
		"quotations":         {"", strings.Repeat("\r\n> a\r\n", 10_000)},
		"announcements":      {"", strings.Repeat("On 1 May Ann wrote:\r\n> a\r\n", 3_000)},
		"headings":           {"", strings.Repeat("From: a\r\n", 8_000)},
		"rules":              {"", strings.Repeat(strings.Repeat("_", 30)+"\r\n", 2_000)},
		"report":             {"From: MAILER-DAEMON@x.example\r\n", strings.Repeat("<a@b.example>: 550 no\r\n", 3_000)},
		"report of one line": {"From: MAILER-DAEMON@x.example\r\n", strings.Repeat("a@b.example 550 ", 4_000)},
		"report, no address": {"From: MAILER-DAEMON@x.example\r\n", strings.Repeat("error 550 @", 6_000)},
		"flowed":             {"Content-Type: text/plain; format=flowed\r\n", strings.Repeat(">", 60_000) + strings.Repeat(" a \r\n", 10_000)},
		"utf-7":              {"Content-Type: text/plain; charset=utf-7\r\n", strings.Repeat("+", 60_000)},
		"iso-2022-jp":        {"Content-Type: text/plain; charset=iso-2022-jp\r\n", strings.Repeat("\x1b$B\x1b(B", 10_000)},
		"entities":           {"Content-Type: text/html\r\n", strings.Repeat("&amp;", 12_000)},
		"hidden":             {"Content-Type: text/html\r\n", strings.Repeat("<p hidden>a", 6_000)},
	} {
		var raw strings.Builder
		raw.WriteString(boundsHead[strings.Index(boundsHead, "To:"):] + "Content-Type: multipart/mixed; boundary=x\r\n")
		if from, ok := strings.CutPrefix(c.head, "From:"); ok {
			raw.WriteString("From:" + from)
			c.head = ""
		}
		for range 20 {
			fmt.Fprintf(&raw, "\r\n--x\r\n%s\r\n%s", c.head, c.text)
		}
		began := time.Now()
		m := parse(t, []byte(raw.String()), ours)
		if d := time.Since(began); d > 10*time.Second {
			t.Errorf("%s: took %v", name, d)
		}
		if len(m.JSON()) > 512<<10 || len(m.Attachments) > 100 {
			t.Errorf("%s: %d bytes with %d attachments", name, len(m.JSON()), len(m.Attachments))
		}
	}
}
