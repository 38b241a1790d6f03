package field

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/imap/message/note"
)

// Encoded words as RFC 2047 has them and as mailers write them instead.
func TestText(t *testing.T) {
	for name, c := range map[string]struct{ value, hint, want, problem string }{
		"plain":                     {value: "Offer for you", want: "Offer for you"},
		"Q":                         {value: "=?iso-8859-1?Q?Angebot_f=FCr_Sie?=", want: "Angebot für Sie"},
		"q in lower case":           {value: "=?ISO-8859-1?q?f=fcr?=", want: "für"},
		"B":                         {value: "=?UTF-8?B?w7zDpA==?=", want: "üä"},
		"B without padding":         {value: "=?UTF-8?B?w7zDpA?=", want: "üä"},
		"B with spaces":             {value: "=?UTF-8?B?w7zD pA==?=", want: "üä"},
		"B cut off":                 {value: "=?UTF-8?B?w7zDpGFiY?=", want: "üäab", problem: "broken base64 in a header"},
		"language":                  {value: "=?utf-8*de?Q?f=C3=BCr?=", want: "für"},
		"space between words goes":  {value: "=?utf-8?Q?a?= \t =?utf-8?Q?b?=", want: "ab"},
		"space beside text stays":   {value: "a =?utf-8?Q?b?= c", want: "a b c"},
		"no space around":           {value: "(=?utf-8?Q?b?=)x", want: "(b)x"},
		"split character, B":        {value: "=?utf-8?B?w7w=?= =?utf-8?B?w6TD?= =?utf-8?B?tg==?=", want: "üäö"},
		"split character, Q":        {value: "=?utf-8?Q?=E2=82?= =?utf-8?Q?=AC?=", want: "€"},
		"split character, Q and B":  {value: "=?utf-8?Q?=E2=82?= =?UTF-8?B?rA==?=", want: "€"},
		"two charsets":              {value: "=?iso-8859-1?Q?=FC?= =?koi8-r?B?0NLJ18XU?=", want: "üпривет"},
		"split iso-2022-jp":         {value: "=?ISO-2022-JP?B?GyRCRnxLXA==?= =?ISO-2022-JP?B?OGwbKEI=?=", want: "日本語"},
		"unknown charset":           {value: "=?x-martian?Q?abc?=", want: "abc"},
		"unknown charset, bytes":    {value: "=?x-martian?Q?f=FCr?=", want: "für", problem: "unknown charset x-martian"},
		"no charset":                {value: "=??Q?abc?=", want: "=??Q?abc?="},
		"other kind":                {value: "=?utf-8?X?abc?=", want: "=?utf-8?X?abc?="},
		"no end":                    {value: "=?utf-8?Q?abc", want: "=?utf-8?Q?abc"},
		"question marks in Q":       {value: "=?utf-8?Q?why?=3F?=", want: "why??"},
		"raw spaces in Q":           {value: "=?utf-8?Q?a b c?=", want: "a b c"},
		"twice encoded":             {value: "=?utf-8?Q?=3D=3Futf-8=3FQ=3Fa=3F=3D?=", want: "=?utf-8?Q?a?="},
		"bare UTF-8":                {value: "für Sie", want: "für Sie"},
		"bare bytes":                {value: "f\xfcr", want: "für", problem: "text in no charset, read as windows-1252"},
		"bare bytes as in the body": {value: "\xd0\xd2\xc9\xd7\xc5\xd4", hint: "koi8-r", want: "привет", problem: "bare bytes in a header, read as koi8-r"},
		"bare iso-2022-jp":          {value: "\x1b$BF|K\\8l\x1b(B", want: "日本語"},
		"controls":                  {value: "a\x00b\x1b[31mc", want: "a b [31mc"},
		"encoded controls":          {value: "=?utf-8?Q?a=00b=0D=0ABcc:_x?=", want: "a b Bcc: x"},
		"bidi stays":                {value: "=?utf-8?B?4oCu16nXnNeV150=?=", want: "\u202eשלום"},
		"UTF-7":                     {value: "=?unicode-1-1-utf-7?Q?+AOQ-b?=", want: "äb"},
		"Hebrew, visual label":      {value: "=?iso-8859-8-i?B?+ezl7Q==?=", want: "שלום"},
		"latin label over UTF-8":    {value: "=?iso-8859-1?Q?f=C3=BCr?=", want: "für", problem: "text called iso-8859-1 is UTF-8"},
	} {
		var notes note.List
		if got := Text([]byte(c.value), c.hint, &notes); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
		if got := strings.Join(notes.All(), "; "); got != c.problem {
			t.Errorf("%s: got the note %q, want %q", name, got, c.problem)
		}
	}
}
