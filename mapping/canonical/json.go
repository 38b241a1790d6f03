package canonical

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// maxEntries is the most entries of a map value.
const maxEntries = 200

// normalizeJSON returns the normal form of JSON that has the shape of a type.
func normalizeJSON(t Type, data json.RawMessage) (json.RawMessage, error) {
	if !gjson.ValidBytes(data) {
		return nil, fmt.Errorf("not valid JSON")
	}
	r := gjson.ParseBytes(data)
	switch {
	case r.Type == gjson.Null:
		return json.RawMessage(null), nil
	case t == Typed:
		return AppendTyped(nil, Tag(r.Get("t").String()), r.Get("v"), Options{})
	case t.IsMap():
		return AppendMap(nil, t, r, Options{})
	case parts[t] != nil:
		return AppendParts(nil, t, r, Options{})
	case t == Money && r.IsObject():
		b, err := AppendMoney(nil, r.Get("amount").String(), r.Get("currency").String())
		return b, certain(err)
	case t.IsList():
		return normalizeElements(t, data)
	case r.Type == gjson.JSON:
		return nil, fmt.Errorf("a list or an object is no %s", t)
	}
	b, err := Append(nil, t, textOf(r), Options{})
	return b, certain(err)
}

func normalizeElements(t Type, data []byte) (json.RawMessage, error) {
	var list any
	switch t {
	case Email:
		list = &[]EmailAddress{}
	case Phone:
		list = &[]PhoneNumber{}
	case Stages:
		list = &[]Stage{}
	default:
		list = &[]string{}
	}
	if err := json.Unmarshal(data, list); err != nil {
		return nil, fmt.Errorf("not a list of the elements of %s", t)
	}
	switch list := list.(type) {
	case *[]EmailAddress:
		return normalizeEmails(*list)
	case *[]PhoneNumber:
		return normalizePhones(*list)
	case *[]Stage:
		return AppendStages(nil, *list), nil
	}
	return normalizeStrings(t, *list.(*[]string))
}

// AppendParts appends the normal form of a list of objects whose members are the parts of t, null when it says
// nothing. Members that t does not have are left out. One object stands for a list of it. The error is that of the
// first part that is not what it should be; everything else is there all the same.
func AppendParts(dst []byte, t Type, r gjson.Result, o Options) ([]byte, error) {
	e := Start(dst, t, nil)
	var problem error
	element := func(_, r gjson.Result) bool {
		if !r.IsObject() {
			problem = first(problem, fmt.Errorf("not a list of the elements of %s", t))
			return true
		}
		e.Begin()
		for n := range parts[t] {
			problem = first(problem, e.add(n, r.Get(parts[t][n].Name), o))
		}
		e.End()
		return e.Len() < MaxList
	}
	if r.IsArray() {
		r.ForEach(element)
	} else {
		element(gjson.Result{}, r)
	}
	return e.Done(), problem
}

func first(old, err error) error {
	if old != nil || IsDoubt(err) {
		return old
	}
	return err
}

// add adds a part given as JSON.
func (e *Elements) add(n int, r gjson.Result, o Options) error {
	p := &e.parts[n]
	switch {
	case !r.Exists() || r.Type == gjson.Null:
		return nil
	case p.Type == Strings && r.IsArray():
		var texts []string
		r.ForEach(func(_, s gjson.Result) bool {
			texts = append(texts, CleanText(s.String()))
			return len(texts) < MaxList
		})
		e.Raw(n, AppendStrings(nil, texts))
		return nil
	case p.Type == Money && r.IsObject():
		b, err := AppendMoney(nil, r.Get("amount").String(), r.Get("currency").String())
		if err == nil || IsDoubt(err) {
			e.Raw(n, b)
		}
		return err
	case r.Type == gjson.JSON:
		return fmt.Errorf("%s is not a single value", p.Name)
	}
	return e.Part(n, textOf(r), o)
}

// textOf returns a scalar's text: the content of a string, the literal of everything else.
func textOf(r gjson.Result) string {
	if r.Type == gjson.String {
		return r.Str
	}
	return r.Raw
}

// Entry is one pair of a map value.
type Entry struct {
	Name  string
	Value []byte // in normal form
}

// AppendEntries appends the normal form of a map: by name ascending, of names that come twice the first, blank values
// left out; null when there is none. The names must be clean.
func AppendEntries(dst []byte, list []Entry) []byte {
	slices.SortStableFunc(list, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	start := len(dst)
	for i, e := range list {
		if e.Name == "" || string(e.Value) == null || i > 0 && list[i-1].Name == e.Name {
			continue
		}
		if len(dst) == start {
			dst = append(dst, '{')
		} else {
			dst = append(dst, ',')
		}
		dst = append(appendQuoted(dst, e.Name), ':')
		dst = append(dst, e.Value...)
	}
	if len(dst) == start {
		return append(dst, null...)
	}
	return append(dst, '}')
}

// AppendMap appends the normal form of a map given as an object. The error is that of the first entry that is not what
// it should be; everything else is there all the same.
func AppendMap(dst []byte, t Type, r gjson.Result, o Options) ([]byte, error) {
	if !r.IsObject() {
		return append(dst, null...), fmt.Errorf("not a %s", t)
	}
	var list []Entry
	var problem error
	r.ForEach(func(name, value gjson.Result) bool {
		e, err := NewEntry(t, name.Str, value, o)
		if problem = first(problem, err); err == nil || IsDoubt(err) {
			list = append(list, e)
		}
		return len(list) < maxEntries
	})
	return AppendEntries(dst, list), problem
}

// NewEntry returns an entry of a map of type t, from a value as a vendor wrote it.
func NewEntry(t Type, name string, value gjson.Result, o Options) (Entry, error) {
	e := Entry{Name: CleanToken(name), Value: []byte(null)}
	if value.Type == gjson.Null {
		return e, nil
	}
	var err error
	switch t {
	case Localizations:
		if e.Name, err = CleanLanguage(name); err == nil && value.IsObject() {
			e.Value, err = AppendParts(nil, t, value, o)
			e.Value = unlisted(e.Value)
		}
		return e, err
	case Moments:
		e.Value, err = Append(nil, Time, textOf(value), o)
	case Figures:
		e.Value, err = Append(nil, Decimal, textOf(value), o)
	default:
		if value.Type == gjson.JSON {
			return e, fmt.Errorf("not a single value")
		}
		e.Value, err = Append(nil, Text, textOf(value), o)
	}
	return e, err
}

// unlisted takes the only element out of a list.
func unlisted(list []byte) []byte {
	if string(list) == null {
		return list
	}
	return list[1 : len(list)-1]
}
