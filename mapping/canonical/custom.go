package canonical

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// Tag says what a custom attribute is: the t of a Typed value.
type Tag string

// The tags. An enum keeps the letters of its value, for they are the vendor's.
const (
	TagString    Tag = "string"     // Text
	TagText      Tag = "text"       // Long
	TagInt       Tag = "int"        // Integer
	TagDecimal   Tag = "decimal"    // Decimal
	TagBool      Tag = "bool"       // Bool
	TagDate      Tag = "date"       // Date
	TagDatetime  Tag = "datetime"   // Time
	TagEnum      Tag = "enum"       // Text
	TagMultiEnum Tag = "multi_enum" // Strings
	TagMoney     Tag = "money"      // Money
	TagURL       Tag = "url"        // Text
	TagRef       Tag = "ref"        // Ref
	TagJSON      Tag = "json"       // any JSON, as the vendor wrote it without white space, at most MaxJSON bytes
)

var tagTypes = map[Tag]Type{TagString: Text, TagText: Long, TagInt: Integer, TagDecimal: Decimal, TagBool: Bool, TagDate: Date,
	TagDatetime: Time, TagEnum: Text, TagMultiEnum: Strings, TagMoney: Money, TagURL: Text, TagRef: Ref, TagJSON: Long}

// Tags lists the tags, ascending.
func Tags() []string {
	var list []string
	for t := range tagTypes {
		list = append(list, string(t))
	}
	slices.Sort(list)
	return list
}

// Type returns the type of the values with a tag, "" for an unknown tag. That of TagJSON is Long but not used.
func (t Tag) Type() Type { return tagTypes[t] }

// MaxJSON bounds a custom attribute with TagJSON.
const MaxJSON = 16 << 10

var (
	errTag  = errors.New("not a tag of custom attributes")
	errJSON = fmt.Errorf("JSON of more than %d bytes", MaxJSON)
)

// AppendTyped appends a custom attribute in its normal form, given as a vendor wrote it or in normal form; null when it
// is blank.
func AppendTyped(dst []byte, tag Tag, r gjson.Result, o Options) ([]byte, error) {
	t := tag.Type()
	if t == "" {
		return dst, errTag
	}
	if !r.Exists() || r.Type == gjson.Null || r.Type == gjson.String && strings.TrimSpace(r.Str) == "" {
		return append(dst, null...), nil
	}
	start := len(dst)
	dst = openTyped(dst, tag)
	from := len(dst)
	var err error
	switch {
	case tag == TagJSON:
		dst, err = appendVerbatim(dst, r)
	case t == Money && r.IsObject():
		dst, err = AppendMoney(dst, r.Get("amount").String(), r.Get("currency").String())
	case t == Strings && r.IsArray():
		var list []string
		r.ForEach(func(_, e gjson.Result) bool {
			list = append(list, CleanText(textOf(e)))
			return len(list) < MaxList
		})
		dst = AppendStrings(dst, list)
	case r.Type == gjson.JSON:
		err = fmt.Errorf("not a %s", tag)
	default:
		dst, err = Append(dst, t, textOf(r), o)
	}
	if err != nil && !IsDoubt(err) {
		return dst[:start], err
	}
	return closeTyped(dst, start, from), err
}

// AppendChoices appends a multi_enum of clean texts; null when there is none.
func AppendChoices(dst []byte, texts []string) []byte {
	start := len(dst)
	dst = openTyped(dst, TagMultiEnum)
	from := len(dst)
	return closeTyped(AppendStrings(dst, texts), start, from)
}

// openTyped and closeTyped surround the normal form of a custom attribute with its tag.
func openTyped(dst []byte, tag Tag) []byte {
	dst = append(dst, `{"t":"`...)
	dst = append(dst, tag...)
	return append(dst, `","v":`...)
}

func closeTyped(dst []byte, start, from int) []byte {
	if string(dst[from:]) == null {
		return append(dst[:start], null...)
	}
	return append(dst, '}')
}

// appendVerbatim appends JSON without white space; its numbers stay as the vendor wrote them.
func appendVerbatim(dst []byte, r gjson.Result) ([]byte, error) {
	switch {
	case len(r.Raw) > MaxJSON || len(r.Str) > MaxJSON:
		return dst, errJSON
	case r.Type == gjson.String:
		return appendQuoted(dst, CleanLong(r.Str)), nil
	}
	start := len(dst)
	dst = append(dst, gjson.Get(r.Raw, "@ugly").Raw...)
	if !gjson.ValidBytes(dst[start:]) {
		return dst[:start], errJSON
	}
	return dst, nil
}

// ReadTyped returns tag and value of a custom attribute in normal form, "" and nil of anything else.
func ReadTyped(value []byte) (Tag, []byte) {
	rest, ok := bytes.CutPrefix(value, []byte(`{"t":"`))
	tag, rest, found := bytes.Cut(rest, []byte(`","v":`))
	if !ok || !found || Tag(tag).Type() == "" || !bytes.HasSuffix(rest, []byte("}")) {
		return "", nil
	}
	return Tag(tag), rest[:len(rest)-1]
}
