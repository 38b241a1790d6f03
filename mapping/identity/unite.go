package identity

import (
	"bytes"
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// isUnited reports whether all sources' elements of a type can stand side by side. The lines of an order or the steps of
// a history cannot: two sources that know one order would double it.
func isUnited(t canonical.Type) bool {
	switch t {
	case canonical.Email, canonical.Phone, canonical.Domain, canonical.Refs, canonical.Strings, canonical.Moments, canonical.Figures, canonical.Texts:
		return true
	}
	return keys[t] != nil
}

// keys are the members that two equal elements of a list share; without them it is the whole element.
var keys = map[canonical.Type][]string{
	canonical.Addresses:    {"lines", "locality", "postcode", "country", "formatted"},
	canonical.Identifiers:  {"scheme", "value"},
	canonical.Accounts:     {"service", "handle", "url"},
	canonical.Affiliations: {"organization", "name", "title"},
	canonical.Roles:        {"person", "role"},
	canonical.Participants: {"role", "ref", "address", "name"},
	canonical.Files:        {"name", "sha256", "url"},
	canonical.Permissions:  {"channel", "topic"},
}

// unite returns the union of claims, given newest first, in the normal form of their type.
func unite(t canonical.Type, claims []Claim) []byte {
	switch t {
	case canonical.Email:
		list := gather(claims, func(e canonical.EmailAddress) string { return e.Address }, mergeEmail)
		sortTallies(list, func(e canonical.EmailAddress) int { return weigh(e.Verified, e.Primary) })
		return canonical.AppendEmails(nil, onePrimary(valuesOf(list), func(e *canonical.EmailAddress) *bool { return &e.Primary }))
	case canonical.Phone:
		list := gather(claims, canonical.PhoneNumber.Key, mergePhone)
		sortTallies(list, func(p canonical.PhoneNumber) int { return weigh(false, p.Primary) })
		return canonical.AppendPhones(nil, onePrimary(valuesOf(list), func(p *canonical.PhoneNumber) *bool { return &p.Primary }))
	case canonical.Domain, canonical.Strings:
		list := gather(claims, self, keepFirst)
		sortTallies(list, func(string) int { return 0 })
		return canonical.AppendStrings(nil, valuesOf(list))
	case canonical.Permissions:
		return unitePermissions(claims)
	case canonical.Refs: // the first is special (a ticket's requester), so the newest record's order stands
		return canonical.AppendStrings(nil, valuesOf(gather(claims, self, keepFirst)))
	case canonical.Moments, canonical.Figures, canonical.Texts:
		return uniteMaps(claims, t == canonical.Moments)
	}
	list := gather(claims, func(e json.RawMessage) string { return keyOf(t, e) }, keepFirst[json.RawMessage])
	sortTallies(list, func(e json.RawMessage) int { return weigh(false, gjson.GetBytes(e, "primary").Bool()) })
	return appendElements(valuesOf(list))
}

// tally is one element of a united list and how many sources have it. Its place in the list before sorting is its
// recency: newest source first, in that source's order.
type tally[T any] struct {
	value   T
	sources int
}

// gather joins the elements of all claims by key. An element twice in one claim counts once.
func gather[T any](claims []Claim, key func(T) string, merge func(old, other T) T) []tally[T] {
	var list []tally[T]
	at := map[string]int{}
	for _, c := range claims {
		var elements []T
		if json.Unmarshal(c.Value, &elements) != nil {
			continue
		}
		seen := map[string]bool{}
		for _, e := range elements {
			k := key(e)
			if seen[k] {
				continue
			}
			seen[k] = true
			if n, ok := at[k]; ok {
				list[n].value = merge(list[n].value, e)
				list[n].sources++
				continue
			}
			at[k] = len(list)
			list = append(list, tally[T]{value: e, sources: 1})
		}
	}
	return list
}

func sortTallies[T any](list []tally[T], weight func(T) int) {
	slices.SortStableFunc(list, func(a, b tally[T]) int {
		return cmp.Or(cmp.Compare(weight(b.value), weight(a.value)), cmp.Compare(b.sources, a.sources))
	})
}

func valuesOf[T any](list []tally[T]) []T {
	values := make([]T, len(list))
	for i, t := range list {
		values[i] = t.value
	}
	return values
}

func self(s string) string { return s }

func keepFirst[T any](old, _ T) T { return old }

func weigh(verified, primary bool) int {
	w := 0
	if verified {
		w += 2
	}
	if primary {
		w++
	}
	return w
}

func mergeEmail(old, other canonical.EmailAddress) canonical.EmailAddress {
	old.Type = cmp.Or(old.Type, other.Type)
	old.Display = cmp.Or(old.Display, other.Display)
	old.Primary = old.Primary || other.Primary
	old.Verified = old.Verified || other.Verified
	old.Shared = old.Shared || other.Shared
	if reach(other.Status) > reach(old.Status) {
		old.Status, old.BouncedAt = other.Status, cmp.Or(other.BouncedAt, old.BouncedAt)
	}
	old.BouncedAt = cmp.Or(old.BouncedAt, other.BouncedAt)
	return old
}

// reach ranks what is known of an address; an address from which somebody unsubscribed stays so, whoever else has it.
func reach(status string) int { return slices.Index(reaches, status) }

var reaches = []string{"", "unknown", "ok", "bounced", "unsubscribed"}

func mergePhone(old, other canonical.PhoneNumber) canonical.PhoneNumber {
	old.Type = cmp.Or(old.Type, other.Type)
	old.Ext = cmp.Or(old.Ext, other.Ext)
	old.Primary = old.Primary || other.Primary
	old.Shared = old.Shared || other.Shared
	return old
}

// onePrimary leaves the mark to the first element that has it.
func onePrimary[T any](list []T, mark func(*T) *bool) []T {
	found := false
	for i := range list {
		m := mark(&list[i])
		*m = *m && !found
		found = found || *m
	}
	return list
}

// keyOf is what an element shares with equal ones, folded: two sources write one address in two ways.
func keyOf(t canonical.Type, element []byte) string {
	switch t {
	case canonical.Email:
		return gjson.GetBytes(element, "address").Str
	case canonical.Phone:
		var p canonical.PhoneNumber
		if json.Unmarshal(element, &p) != nil {
			return string(element)
		}
		return p.Key()
	}
	if keys[t] == nil {
		return string(element)
	}
	var b strings.Builder
	parsed := gjson.ParseBytes(element)
	for _, name := range keys[t] {
		b.WriteString(strings.ToLower(parsed.Get(name).String()))
		b.WriteByte(0)
	}
	return b.String()
}

// appendElements leaves the mark of being primary to the first element that has it: each source has a primary address.
func appendElements(list []json.RawMessage) []byte {
	out := []byte{'['}
	found := false
	for i, e := range list {
		if i > 0 {
			out = append(out, ',')
		}
		for _, mark := range primaryMarks {
			if !bytes.Contains(e, mark) {
				continue
			}
			if found {
				e = bytes.Replace(e, mark, nil, 1)
			}
			found = true
		}
		out = append(out, e...)
	}
	return append(out, ']')
}

// primaryMarks are the members of normal forms that say so: of an affiliation, which has others before it, and of an
// address, which has others behind it. Within a text their quotes would be escaped.
var primaryMarks = [][]byte{[]byte(`,"primary":true`), []byte(`"type":"primary",`)}

// uniteMaps joins maps from names to values: of one name the earliest time, or else the newest source's value.
func uniteMaps(claims []Claim, earliest bool) []byte {
	all := map[string][]byte{}
	for _, c := range claims {
		for name, value := range gjson.ParseBytes(c.Value).Map() {
			old := all[name]
			if old == nil || earliest && bytes.Compare([]byte(value.Raw), old) < 0 {
				all[name] = []byte(value.Raw)
			}
		}
	}
	out := []byte{'{'}
	for i, name := range slices.Sorted(maps.Keys(all)) {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(appendJSONString(out, name), ':')
		out = append(out, all[name]...)
	}
	return append(out, '}')
}

// appendJSONString appends a name, which is valid UTF-8, as the normal form writes it.
func appendJSONString(dst []byte, s string) []byte {
	value, err := canonical.Append(dst, canonical.Text, s, canonical.Options{})
	if err != nil {
		return append(dst, '"', '"')
	}
	return value
}
