package field

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/imap/message/note"
)

// Parameters as RFC 2231 has them, with its examples, and as they are found.
func TestParams(t *testing.T) {
	for name, c := range map[string]struct{ value, want string }{
		"none":                {"text/plain", "text/plain"},
		"capitals":            {`Text/Plain; CharSet="UTF-8"`, "text/plain charset=UTF-8"},
		"comments":            {"text/plain (text); charset=us-ascii (Plain text)", "text/plain charset=us-ascii"},
		"RFC 2231 3":          {`message/external-body; access-type=URL; URL*0="ftp://"; URL*1="cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"`, "message/external-body access-type=URL url=ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar"},
		"RFC 2231 4":          {`application/x-stuff; title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A`, "application/x-stuff title=This is ***fun***"},
		"RFC 2231 4.1":        {`application/x-stuff; title*0*=us-ascii'en'This%20is%20even%20more%20; title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2="isn't it!"`, "application/x-stuff title=This is even more ***fun*** isn't it!"},
		"pieces out of order": {`attachment; filename*1=b; filename*0=a; filename*2=c`, "attachment filename=abc"},
		"split character":     {`attachment; filename*0*=utf-8''%E2%82; filename*1*=%AC.pdf`, "attachment filename=€.pdf"},
		"both forms":          {`attachment; filename="EUR.pdf"; filename*=utf-8''%E2%82%AC.pdf`, "attachment filename=€.pdf"},
		"no charset":          {`attachment; filename*=%E2%82%AC.pdf`, "attachment filename=€.pdf"},
		"koi8-r":              {`attachment; filename*=koi8-r''%D0%D2%C9.txt`, "attachment filename=при.txt"},
		"encoded word":        {`attachment; filename="=?utf-8?B?w7wucGRm?="`, "attachment filename=ü.pdf"},
		"two encoded words":   {`attachment; filename="=?utf-8?B?w7w=?= =?utf-8?B?LnBkZg==?="`, "attachment filename=ü.pdf"},
		"bare encoded word":   {`attachment; filename==?utf-8?Q?=C3=BC.pdf?=`, "attachment filename=ü.pdf"},
		"spaces, no quotes":   {`attachment; filename=my file.pdf; size=3`, "attachment filename=my file.pdf size=3"},
		"semicolon in quotes": {`attachment; filename="a;b.pdf"`, "attachment filename=a;b.pdf"},
		"escaped quote":       {`attachment; filename="a\"b.pdf"`, `attachment filename=a"b.pdf`},
		"windows path":        {`attachment; filename="C:\Temp\a.pdf"`, `attachment filename=C:\Temp\a.pdf`},
		"open quote":          {`attachment; filename="a.pdf; size=3`, "attachment filename=a.pdf size=3"},
		"bare UTF-8":          {`attachment; filename="ü.pdf"`, "attachment filename=ü.pdf"},
		"no value":            {`text/plain; charset; format=flowed`, "text/plain format=flowed"},
		"empty":               {``, ""},
		"only semicolons":     {`;;;`, ""},
		"twice":               {`text/plain; charset=a; charset=b`, "text/plain charset=a"},
		"space around =":      {`text/plain; charset = "a"`, "text/plain charset=a"},
		"control characters":  {"attachment; filename=\"a\x00b.pdf\"", "attachment filename=a b.pdf"},
	} {
		kind, params := Params([]byte(c.value), "", nil)
		got := []string{kind}
		for _, k := range slices.Sorted(maps.Keys(params)) {
			got = append(got, k+"="+params[k])
		}
		if s := strings.Join(got, " "); s != c.want {
			t.Errorf("%s: got %q, want %q", name, s, c.want)
		}
	}
}

// What is odd about two parameters is said in one order, else two copies of a mail would differ.
func TestNotesHaveAnOrder(t *testing.T) {
	for range 50 {
		var notes note.List
		Params([]byte("x/y; b*=martian-b''%FF; a*=martian-a''%FF; c*=martian-c''%FF"), "", &notes)
		if got := strings.Join(notes.All(), "; "); got != "unknown charset martian-a; unknown charset martian-b; unknown charset martian-c" {
			t.Fatalf("got %q", got)
		}
	}
}

// However many parameters there are, a bounded number is read.
func TestParamsAreBounded(t *testing.T) {
	var value strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&value, "; p%d=x; long*%d=y", i, i)
	}
	if _, params := Params([]byte("text/plain"+value.String()), "", nil); len(params) > 200 || len(params["long"]) > 200 {
		t.Errorf("got %d parameters, one of %d bytes", len(params), len(params["long"]))
	}
}

// What a server has split into names and values already gives the same.
func TestJoined(t *testing.T) {
	got := Joined(map[string]string{"NAME*0*": "utf-8''%E2%82", "NAME*1*": "%AC.pdf", "CHARSET": "utf-8", "title": "=?utf-8?B?w7w=?="}, "", nil)
	if want := map[string]string{"name": "€.pdf", "charset": "utf-8", "title": "ü"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
