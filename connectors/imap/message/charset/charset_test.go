package charset

import (
	"bytes"
	"strings"
	"testing"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"

	"github.com/millrace/millrace/connectors/imap/message/note"
)

// samples are labels of one charset each, and text that it can write.
var samples = []struct {
	encoding encoding.Encoding
	text     string
	labels   string
}{
	{charmap.CodePage037, "Hello, world 1", "ibm037 IBM037 cp037 ebcdic-cp-us"},
	{charmap.CodePage437, "Größe ▒", "ibm437 cp437 CP-437 dos437"},
	{charmap.CodePage850, "Größe", "ibm850 cp850 CP-850 cp_850"},
	{charmap.CodePage852, "Žluťoučký", "ibm852 cp852 x-cp852"},
	{charmap.CodePage855, "Привет", "ibm855 cp855"},
	{charmap.CodePage858, "Größe €", "ibm00858 cp00858"},
	{charmap.CodePage860, "coração", "ibm860 cp860"},
	{charmap.CodePage862, "שלום", "ibm862 cp862"},
	{charmap.CodePage863, "été", "ibm863 cp863"},
	{charmap.CodePage865, "Ærø", "ibm865 cp865"},
	{charmap.CodePage866, "Привет", "ibm866 cp866 866 cp-866"},
	{charmap.CodePage1047, "Hello", "ibm1047"},
	{charmap.ISO8859_1, "Größe", "iso-8859-1 ISO_8859-1 iso8859-1 latin1 l1 8859-1 ISO-8859-1 iso-ir-100 iso88591"},
	{charmap.ISO8859_2, "Žluťoučký", "iso-8859-2 latin2 8859_2"},
	{charmap.ISO8859_3, "ĉiuĵaŭde", "iso-8859-3"},
	{charmap.ISO8859_4, "ķēniņš", "iso-8859-4"},
	{charmap.ISO8859_5, "Привет", "iso-8859-5"},
	{charmap.ISO8859_6, "مرحبا", "iso-8859-6 ISO-8859-6-I ISO-8859-6-E arabic"},
	{charmap.ISO8859_7, "Καλημέρα", "iso-8859-7 greek"},
	{charmap.ISO8859_8, "שלום", "iso-8859-8 ISO-8859-8-I ISO-8859-8-E hebrew"},
	{charmap.ISO8859_9, "İstanbul", "iso-8859-9 latin5"},
	{charmap.ISO8859_10, "Þórður", "iso-8859-10"},
	{charmap.ISO8859_13, "Šiauliai", "iso-8859-13"},
	{charmap.ISO8859_14, "ŵyneb", "iso-8859-14"},
	{charmap.ISO8859_15, "10 € œuvre", "iso-8859-15 latin-9 ISO_8859-15"},
	{charmap.ISO8859_16, "Țară", "iso-8859-16"},
	{charmap.KOI8R, "Привет", "koi8-r KOI8 koi8r koi8_r"},
	{charmap.KOI8U, "Їжак ґанок", "koi8-u koi8-ru"},
	{charmap.Macintosh, "Größe", "macintosh mac x-mac-roman"},
	{charmap.MacintoshCyrillic, "Привет", "x-mac-cyrillic x-mac-ukrainian"},
	{charmap.Windows874, "สวัสดี", "windows-874 tis-620 TIS620 iso-8859-11 cp874"},
	{charmap.Windows1250, "Žluťoučký", "windows-1250 cp1250 CP-1250 win-1250"},
	{charmap.Windows1251, "Привет", "windows-1251 win-1251 win1251 cp1251 Windows_1251"},
	{charmap.Windows1252, "“10 €”", "windows-1252 cp1252 x-cp1252 iso-8859-1"},
	{charmap.Windows1253, "Καλημέρα", "windows-1253"},
	{charmap.Windows1254, "İstanbul", "windows-1254"},
	{charmap.Windows1255, "שלום", "windows-1255"},
	{charmap.Windows1256, "مرحبا", "windows-1256"},
	{charmap.Windows1257, "Šiauliai", "windows-1257"},
	{charmap.Windows1258, "Đăng ơ ư", "windows-1258"},
	{japanese.EUCJP, "日本語テスト", "euc-jp x-euc-jp EUC_JP eucjp"},
	{japanese.ISO2022JP, "日本語テスト", "iso-2022-jp csISO2022JP iso-2022-jp-ms cp50221 iso-2022-jp-1"},
	{japanese.ShiftJIS, "日本語①", "shift_jis x-sjis sjis shift-jis ms_kanji windows-31j cp932 MS932"},
	{korean.EUCKR, "안녕하세요 뷁", "euc-kr ks_c_5601-1987 KS_C_5601-1989 ksc5601 cp949 windows-949 uhc korean"},
	{simplifiedchinese.GB18030, "你好 龘 𠀀", "gb18030"},
	{simplifiedchinese.GBK, "你好 镕", "gbk gb2312 GB_2312-80 x-gbk cp936 euc-cn gb2312 csgb2312"},
	{simplifiedchinese.HZGB2312, "你好", "hz-gb-2312"},
	{traditionalchinese.Big5, "你好嗎", "big5 big5-hkscs x-x-big5 cn-big5 cp950 big-5"},
	{unicode.UTF8, "все 日本 🎉", "utf-8 UTF8 unicode-1-1-utf-8 utf_8 \"utf-8\" 'UTF-8'"},
	{unicode.UTF16(unicode.BigEndian, unicode.UseBOM), "все 🎉", "utf-16"},
	{unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM), "все 🎉", "utf-16le"},
	{unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM), "все 🎉", "utf-16be"},
	{utf32.UTF32(utf32.BigEndian, utf32.UseBOM), "все 🎉", "utf-32"},
	{utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM), "все 🎉", "utf-32le"},
}

// TestEveryCharset: what x/text can write under any of its names is read.
func TestEveryCharset(t *testing.T) {
	for _, s := range samples {
		raw, err := s.encoding.NewEncoder().Bytes([]byte(s.text))
		if err != nil {
			t.Fatalf("%s: %v", s.labels, err)
		}
		for label := range strings.FieldsSeq(s.labels) {
			var notes note.List
			if got := Decode(label, raw, &notes); got != s.text || !Known(label) {
				t.Errorf("%s: got %q (known %v), want %q", label, got, Known(label), s.text)
			}
			if len(notes.All()) > 0 {
				t.Errorf("%s: got the notes %q", label, notes.All())
			}
		}
	}
}

// Every single-byte charset of x/text is among the samples.
func TestNoCharmapIsForgotten(t *testing.T) {
	for _, e := range charmap.All {
		found := false
		for _, s := range samples {
			found = found || s.encoding == e
		}
		name := e.(interface{ String() string }).String()
		if !found && !strings.Contains(name, "ISO-8859-6E") && !strings.Contains(name, "ISO-8859-6I") && !strings.Contains(name, "ISO-8859-8E") &&
			!strings.Contains(name, "ISO-8859-8I") && name != "X-User-Defined" && name != "IBM Code Page 1140" {
			t.Errorf("no sample of %s", name)
		}
	}
}

// Charsets that x/text does not have, with the examples of their RFCs.
func TestOwnDecoders(t *testing.T) {
	for name, c := range map[string]struct{ label, raw, want string }{
		"RFC 2152, 1":        {"utf-7", "A+ImIDkQ.", "A≢Α."},
		"RFC 2152, 2":        {"UTF-7", "Hi Mom -+Jjo--!", "Hi Mom -☺-!"},
		"RFC 2152, 3":        {"unicode-1-1-utf-7", "+ZeVnLIqe-", "日本語"},
		"RFC 2152, plus":     {"csUnicode11UTF7", "Item 3 is +AKM-1. 1 +- 1", "Item 3 is £1. 1 + 1"},
		"surrogates":         {"utf-7", "+2D3c4g-", "\U0001f4e2"},
		"cut off":            {"utf-7", "+AOQ", "ä"},
		"half a unit":        {"utf-7", "+AO", ""},
		"eight bits":         {"utf-7", "a\xffb", "a\ufffdb"},
		"RFC 1557":           {"iso-2022-kr", "\x1b$)C\x0e>H3gGO<<?d\x0f ok", "안녕하세요 ok"},
		"KR, line ends it":   {"ISO-2022-KR", "\x1b$)C\x0e>H\nab", "안\nab"},
		"RFC 1922, GB 2312":  {"iso-2022-cn", "\x1b$)A\x0eDc:C\x0f ok", "你好 ok"},
		"UTF-16 with a mark": {"utf-16", "\xff\xfea\x00\xe4\x00", "aä"},
	} {
		if got := Decode(c.label, []byte(c.raw), nil); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// Labels that lie, and what is believed instead.
func TestWrongLabels(t *testing.T) {
	for name, c := range map[string]struct{ label, raw, want, problem string }{
		"UTF-8 called latin":      {"iso-8859-1", "f\xc3\xbcr", "für", "text called iso-8859-1 is UTF-8"},
		"UTF-8 called ascii":      {"us-ascii", "f\xc3\xbcr", "für", ""},
		"UTF-8 called big5":       {"big5", "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa", "\ufffd", "text is not all big5"},
		"latin called UTF-8":      {"utf-8", "f\xfcr", "für", "text called utf-8 is not, read as windows-1252"},
		"mostly UTF-8":            {"utf-8", "f\xc3\xbcr\xff", "für\ufffd", "text is not all utf-8"},
		"latin called ascii":      {"us-ascii", "f\xfcr", "für", "text in no charset, read as windows-1252"},
		"latin without a label":   {"", "f\xfcr", "für", "text in no charset, read as windows-1252"},
		"unknown":                 {"x-martian", "f\xc3\xbcr", "für", "unknown charset x-martian"},
		"unknown, odd label":      {"<script>\x00\"", "a\xfc", "aü", "unknown charset script"},
		"long label":              {strings.Repeat("a", 5000), "a\xfc", "aü", "unknown charset " + strings.Repeat("a", longestLabel)},
		"windows bytes in latin":  {"iso-8859-1", "\x93a\x94 \x80", "“a” €", ""},
		"GBK beyond GB 2312":      {"gb2312", "\x94\x5a", gbk("\x94\x5a"), ""},
		"no text":                 {"iso-2022-kr", "", "", ""},
		"JIS without a label":     {"", "\x1b$BF|K\\\x1b(B", "日本", ""},
		"refused by browsers":     {"iso-2022-cn-ext", "plain", "plain", ""},
		"byte order mark":         {"utf-8", "\xef\xbb\xbfa", "a", ""},
		"EBCDIC is not ASCII":     {"ibm037", "\xc8\x85", "He", ""},
		"user-defined is no name": {"x-user-defined", "f\xc3\xbc", "fü", ""},
	} {
		var notes note.List
		got := Decode(c.label, []byte(c.raw), &notes)
		if c.want != "\ufffd" && got != c.want || !utf8.ValidString(got) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if p := strings.Join(notes.All(), "; "); p != c.problem {
			t.Errorf("%s: got the note %q, want %q", name, p, c.problem)
		}
	}
}

func gbk(raw string) string {
	s, _ := simplifiedchinese.GBK.NewDecoder().String(raw)
	return s
}

// FuzzDecode: whatever bytes come under whatever label, what is returned is valid UTF-8 and not much longer.
func FuzzDecode(f *testing.F) {
	for _, s := range samples {
		raw, _ := s.encoding.NewEncoder().Bytes([]byte(s.text))
		f.Add(strings.Fields(s.labels)[0], raw)
	}
	f.Add("utf-7", []byte("+-+AO+"))
	f.Add("iso-2022-kr", []byte("\x1b$)C\x0e\x1b"))
	f.Fuzz(func(t *testing.T, label string, raw []byte) {
		var notes note.List
		got := Decode(label, raw, &notes)
		if !utf8.ValidString(got) {
			t.Fatalf("%q as %q became %q", raw, label, got)
		}
		if len(got) > 4*len(raw)+8 {
			t.Fatalf("%d bytes as %q became %d", len(raw), label, len(got))
		}
		if again := Decode(label, bytes.Clone(raw), nil); again != got {
			t.Fatalf("got %q, then %q", got, again)
		}
		for _, n := range notes.All() {
			if len(n) > 100 || !utf8.ValidString(n) {
				t.Fatalf("got the note %q", n)
			}
		}
	})
}
