package charset

import (
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/htmlindex"
	"golang.org/x/text/encoding/ianaindex"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"
	"golang.org/x/text/encoding/unicode/utf32"
)

// charset is one that a label was found to mean.
type charset struct {
	name   string              // for notes; "" when there was no label, or one that says nothing
	decode func([]byte) string // nil for UTF-8, and for what is unknown
	plain  bool                // bytes below 0x80 are ASCII and stand for themselves
	latin  bool                // Western: valid UTF-8 under this label is UTF-8
}

// nothing are labels of mailers that did not know the charset themselves.
var nothing = map[string]bool{"": true, "default": true, "unknown": true, "unknown-8bit": true, "x-unknown": true, "8bit": true, "7bit": true, "binary": true,
	"x-user-defined": true, "none": true, "undefined": true, "us-ascii": true, "ascii": true, "ansi_x3.4-1968": true, "iso646-us": true, "iso-ir-6": true,
	"us": true, "ibm367": true, "cp367": true, "csascii": true, "ansi": true, "646": true, "usascii": true}

// special are charsets that browsers refuse or read in another way than mail needs.
var special = map[string]func([]byte) string{
	"utf-7": utf7, "unicode-1-1-utf-7": utf7, "csunicode11utf7": utf7, "x-unicode-1-1-utf-7": utf7, "utf7": utf7, "unicode-2-0-utf-7": utf7,
	"iso-2022-kr": iso2022kr, "csiso2022kr": iso2022kr, "iso-2022-cn": iso2022cn, "iso-2022-cn-ext": iso2022cn,
	"hz-gb-2312": decoder(simplifiedchinese.HZGB2312), "hz": decoder(simplifiedchinese.HZGB2312),
	"iso-2022-jp-1": decoder(japanese.ISO2022JP), "iso-2022-jp-2": decoder(japanese.ISO2022JP), "iso-2022-jp-3": decoder(japanese.ISO2022JP),
	"iso-2022-jp-ms": decoder(japanese.ISO2022JP), "cp50220": decoder(japanese.ISO2022JP), "cp50221": decoder(japanese.ISO2022JP),
	"utf-16": decoder(unicode.UTF16(unicode.BigEndian, unicode.UseBOM)), "utf16": decoder(unicode.UTF16(unicode.BigEndian, unicode.UseBOM)),
	"utf-32": decoder(utf32.UTF32(utf32.BigEndian, utf32.UseBOM)), "utf-32be": decoder(utf32.UTF32(utf32.BigEndian, utf32.IgnoreBOM)),
	"utf-32le": decoder(utf32.UTF32(utf32.LittleEndian, utf32.IgnoreBOM)),
}

// squeezed are labels by their letters and digits, beyond what the registries know.
var squeezed = map[string]encoding.Encoding{
	"cp932": japanese.ShiftJIS, "ms932": japanese.ShiftJIS, "windows31j": japanese.ShiftJIS, "sjis": japanese.ShiftJIS, "xmssjis": japanese.ShiftJIS,
	"cp936": simplifiedchinese.GB18030, "ms936": simplifiedchinese.GB18030, "gb": simplifiedchinese.GB18030, "euccn": simplifiedchinese.GB18030,
	"gb2312": simplifiedchinese.GB18030, "gbk": simplifiedchinese.GB18030, "gb18030": simplifiedchinese.GB18030, "eucgb2312cn": simplifiedchinese.GB18030,
	"cp949": korean.EUCKR, "ms949": korean.EUCKR, "uhc": korean.EUCKR, "xwindows949": korean.EUCKR, "ksc56011987": korean.EUCKR, "euckr": korean.EUCKR,
	"cp950": traditionalchinese.Big5, "ms950": traditionalchinese.Big5, "big5eten": traditionalchinese.Big5, "big5": traditionalchinese.Big5,
	"tis620": charmap.Windows874, "cp874": charmap.Windows874, "xwindows874": charmap.Windows874,
	"ujis": japanese.EUCJP, "eucjpms": japanese.EUCJP, "cp51932": japanese.EUCJP, "eucjp": japanese.EUCJP,
}

// find looks a label up. It keeps no table of labels that it met: a mail may bring any number of them.
func find(label string) charset {
	if strings.EqualFold(label, "utf-8") {
		return charset{name: "utf-8", plain: true}
	}
	label = trim(label)
	if nothing[label] {
		return charset{plain: true}
	}
	if d, ok := special[label]; ok {
		return charset{name: label, decode: d}
	}
	e := named(label)
	if e == nil {
		return charset{name: label, plain: true}
	}
	name, _ := htmlindex.Name(e)
	switch name {
	case "utf-8":
		return charset{name: "utf-8", plain: true}
	case "gbk":
		e = simplifiedchinese.GB18030
	case "utf-16le", "utf-16be", "iso-2022-jp":
		return charset{name: label, decode: decoder(e)}
	}
	c := charset{name: label, decode: decoder(e), latin: name == "windows-1252" || name == "iso-8859-15" || name == "windows-1254"}
	c.plain = c.decode([]byte("az AZ09+~")) == "az AZ09+~" // not so in EBCDIC
	return c
}

// named asks the registries: how browsers understand a label, then how IANA does, then by letters and digits alone.
func named(label string) encoding.Encoding {
	if e := usable(htmlindex.Get(label)); e != nil {
		return e
	}
	if e := usable(ianaindex.MIME.Encoding(label)); e != nil {
		return e
	}
	if e := usable(ianaindex.IANA.Encoding(label)); e != nil {
		return e
	}
	return bySqueezed(squeeze(label))
}

func usable(e encoding.Encoding, err error) encoding.Encoding {
	if err != nil || e == nil || e == encoding.Replacement {
		return nil
	}
	return e
}

// bySqueezed finds labels as cp-850, win1251, iso88592 and x-koi8r.
func bySqueezed(label string) encoding.Encoding {
	label = strings.TrimPrefix(label, "x")
	if e, ok := squeezed[label]; ok {
		return e
	}
	for _, family := range [][2]string{{"windows", "windows-"}, {"cp125", "windows-125"}, {"win", "windows-"}, {"cp", "ibm"}, {"dos", "ibm"}, {"ibm", "ibm"}, {"msdos", "ibm"},
		{"iso8859", "iso-8859-"}, {"8859", "iso-8859-"}, {"koi8", "koi8-"}, {"latin", "latin"}, {"utf", "utf-"}} {
		rest, ok := strings.CutPrefix(label, family[0])
		if !ok || rest == "" {
			continue
		}
		if e := usable(htmlindex.Get(family[1] + rest)); e != nil {
			return e
		}
		if e := usable(ianaindex.IANA.Encoding(family[1] + rest)); e != nil {
			return e
		}
	}
	return nil
}

// longestLabel is how much of a label is looked at; the longest of IANA has 45 letters.
const longestLabel = 48

// trim returns a label in lower case, without what mailers put around it and what must not be in a note.
func trim(label string) string {
	if len(label) > longestLabel {
		label = label[:longestLabel]
	}
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r + 'a' - 'A'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9', strings.ContainsRune("-_.:+()", r):
			return r
		}
		return -1
	}, label)
}

func squeeze(label string) string {
	return strings.Map(func(r rune) rune {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, label)
}
