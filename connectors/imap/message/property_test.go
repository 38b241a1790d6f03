package message

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"mime/quotedprintable"
	"strings"
	"testing"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"pgregory.net/rapid"
)

// written is a mail before it is encoded: what its author typed.
type written struct {
	name, subject, body, file string
	content                   []byte
	id                        bool
}

// languages are letters with the charsets that can write them.
var languages = []struct {
	letters  string
	charsets map[string]encoding.Encoding
}{
	{"äöüßéèñ abcXYZ,.()@;:<>\"'?=_", map[string]encoding.Encoding{"iso-8859-1": charmap.ISO8859_1, "windows-1252": charmap.Windows1252}},
	{"приветмиръ abc,.", map[string]encoding.Encoding{"koi8-r": charmap.KOI8R, "windows-1251": charmap.Windows1251, "iso-8859-5": charmap.ISO8859_5}},
	{"日本語見積もり abc", map[string]encoding.Encoding{"iso-2022-jp": japanese.ISO2022JP, "shift_jis": japanese.ShiftJIS, "euc-jp": japanese.EUCJP}},
	{"您好请报价 abc", map[string]encoding.Encoding{"gb2312": simplifiedchinese.GBK, "gb18030": simplifiedchinese.GB18030}},
	{"안녕하세요견적 abc", map[string]encoding.Encoding{"ks_c_5601-1987": korean.EUCKR}},
	{"שלוםמחיר abc", map[string]encoding.Encoding{"windows-1255": charmap.Windows1255, "iso-8859-8": charmap.ISO8859_8}},
	{"🎉👩‍👧नमस्ते abc", nil},
}

// line draws text of one language on one line, as no mailer would change it: no space at an end or beside another.
func line(t *rapid.T, letters, label string) string {
	s := rapid.StringOfN(rapid.RuneFrom([]rune(letters)), 1, 40, -1).Draw(t, label)
	return strings.TrimSpace("x" + strings.Join(strings.Fields(s), " "))
}

// encodedWords writes text for a header, in words of one or several bytes each, split anywhere.
func encodedWords(t *rapid.T, text, charset string, e encoding.Encoding) string {
	raw := []byte(text)
	if e != nil {
		raw, _ = e.NewEncoder().Bytes(raw)
	}
	var words []string
	for len(raw) > 0 {
		n := rapid.IntRange(1, len(raw)).Draw(t, "bytes of a word")
		if rapid.Bool().Draw(t, "base64") {
			words = append(words, "=?"+charset+"?B?"+base64.StdEncoding.EncodeToString(raw[:n])+"?=")
		} else {
			words = append(words, "=?"+strings.ToUpper(charset)+"?q?"+qWord(raw[:n])+"?=")
		}
		raw = raw[n:]
	}
	return strings.Join(words, rapid.SampledFrom([]string{" ", "\r\n ", "\r\n\t  "}).Draw(t, "between words"))
}

func qWord(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		switch {
		case c == ' ':
			b.WriteByte('_')
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}

// header writes text for a header: as UTF-8 or in encoded words.
func header(t *rapid.T, text, charset string, e encoding.Encoding) string {
	if rapid.IntRange(0, 3).Draw(t, "UTF-8 header") == 0 {
		charset, e = "utf-8", nil
	}
	return encodedWords(t, text, charset, e)
}

// transfer encodes content for transfer. The text has no line that is too long for 8bit.
func transfer(t *rapid.T, content []byte) string {
	switch rapid.IntRange(0, 2).Draw(t, "transfer encoding") {
	case 0:
		var lines []string
		for text := base64.StdEncoding.EncodeToString(content); text != ""; {
			n := min(len(text), rapid.IntRange(1, 76).Draw(t, "letters of a line"))
			lines, text = append(lines, text[:n]), text[n:]
		}
		return "Content-Transfer-Encoding: base64\r\n\r\n" + strings.Join(lines, "\r\n")
	case 1:
		var b bytes.Buffer
		w := quotedprintable.NewWriter(&b)
		w.Write(content)
		w.Close()
		return "Content-Transfer-Encoding: Quoted-Printable\r\n\r\n" + b.String()
	}
	return "Content-Transfer-Encoding: 8bit\r\n\r\n" + string(content)
}

// encode writes a mail in one of the ways that are equal by the RFCs.
func (w written) encode(t *rapid.T, charset string, e encoding.Encoding) []byte {
	space := func() string { return rapid.SampledFrom([]string{" ", "\r\n ", "\t", "  "}).Draw(t, "space") }
	body := []byte(w.body)
	if e != nil {
		body, _ = e.NewEncoder().Bytes(body)
	} else {
		charset = "utf-8"
	}
	fields := []string{
		"From:" + space() + header(t, w.name, charset, e) + space() + "<ann@" + rapid.SampledFrom([]string{"customer.example", "Customer.EXAMPLE"}).Draw(t, "domain") + ">",
		"To:" + space() + "sales@ours.example," + space() + "\"Ben\"" + space() + "<ben@x.example>",
		rapid.SampledFrom([]string{"Subject", "SUBJECT", "subject"}).Draw(t, "case") + ":" + space() + header(t, w.subject, charset, e),
		"Date:" + space() + "Mon," + space() + "30" + space() + "Nov 2026 10:00:00" + space() + "+0000",
		"References:" + space() + "<root@x.example>" + space() + "<two@x.example>",
		"Content-Type:" + space() + "multipart/mixed;" + space() + "boundary=" + rapid.SampledFrom([]string{"b", `"b c"`, "------b"}).Draw(t, "boundary"),
		"Received: from a by b; Mon, 30 Nov 2026 10:00:00 +0000",
		"X-Spam: " + rapid.SampledFrom([]string{"yes", "no"}).Draw(t, "what nobody reads"),
	}
	if w.id {
		fields = append(fields, "Message-ID:"+space()+"<id@customer.example>")
	}
	fields = rapid.Permutation(fields).Draw(t, "order of fields")
	all := strings.Join(fields, "\r\n")
	boundary := "b"
	switch {
	case strings.Contains(all, `"b c"`):
		boundary = "b c"
	case strings.Contains(all, "------b"):
		boundary = "------b"
	}
	return []byte(all + "\r\n\r\n--" + boundary + "\r\nContent-Type: text/plain; charset=\"" + charset + "\"\r\n" + transfer(t, body) +
		"\r\n--" + boundary + "\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"" + w.file + "\"\r\n" + transfer(t, w.content) +
		"\r\n--" + boundary + "--\r\n")
}

// TestCopiesAreEqual: however a mail is folded, its fields ordered, its words and parts encoded, it is the same record.
func TestCopiesAreEqual(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := rapid.SampledFrom(languages).Draw(t, "language")
		w := written{name: line(t, l.letters, "name"), subject: line(t, l.letters, "subject"), file: "a.bin", id: rapid.Bool().Draw(t, "with an id")}
		w.body = line(t, l.letters, "line 1") + "\r\n" + line(t, l.letters, "line 2")
		w.content = []byte(rapid.StringMatching(`[ -~]{0,50}(\r\n[ -~]{1,50}x){0,3}x`).Draw(t, "content"))
		charset, e := "utf-8", encoding.Encoding(nil)
		for name, enc := range l.charsets {
			charset, e = name, enc
		}
		first, second := w.encode(t, charset, e), w.encode(t, charset, e)
		a, b := parse2(t, first), parse2(t, second)
		if a.ID != b.ID || !bytes.Equal(a.JSON(), b.JSON()) {
			t.Fatalf("two copies differ:\n%s\n%s\n%s\n%s", first, a.JSON(), second, b.JSON())
		}
		if a.Subject != w.subject || a.From[0].Name != w.name || a.Body != strings.ReplaceAll(w.body, "\r\n", "\n") || a.Attachments[0].Size != int64(len(w.content)) {
			t.Fatalf("what was written is not what was read: %+v\n%s\n%s", w, first, a.JSON())
		}
	})
}

func parse2(t *rapid.T, raw []byte) *Message {
	m, err := Parse(bytes.NewReader(raw), received, ours)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestOthersDiffer: what makes two mails two is in the id.
func TestOthersDiffer(t *testing.T) {
	seen := make(map[string]string)
	for name, raw := range corpus(t) {
		id := parse(t, raw, ours).ID
		if other := seen[id]; other != "" {
			t.Errorf("%s and %s have one id", name, other)
		}
		seen[id] = name
	}
	base := "From: a@x.example\r\nDate: Mon, 30 Nov 2026 10:00:00 +0000\r\nTo: b@x.example\r\n"
	for name, other := range map[string][2]string{
		"date under one id":        {base + "Message-ID: <1@x>\r\n\r\n", strings.Replace(base, "10:00", "10:01", 1) + "Message-ID: <1@x>\r\n\r\n"},
		"author under one id":      {base + "Message-ID: <1@x>\r\n\r\n", strings.Replace(base, "a@x", "c@x", 1) + "Message-ID: <1@x>\r\n\r\n"},
		"text without an id":       {base + "\r\nhello", base + "\r\nbye"},
		"recipient without an id":  {base + "\r\n", strings.Replace(base, "b@x", "c@x", 1) + "\r\n"},
		"subject without an id":    {base + "Subject: a\r\n\r\n", base + "Subject: b\r\n\r\n"},
		"moved between two fields": {base + "Cc: c@x.example\r\n\r\n", base + "Sender: c@x.example\r\n\r\n"},
	} {
		if a, b := parse(t, []byte(other[0]), ours), parse(t, []byte(other[1]), ours); a.ID == b.ID {
			t.Errorf("%s makes no difference", name)
		}
	}
}
