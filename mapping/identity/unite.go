package identity

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
)

// unite returns the union of list claims, given newest first, or nil for a type that is no list.
func unite(t canonical.Type, claims []Claim) []byte {
	switch t {
	case canonical.Email:
		list := gather(claims, func(e canonical.EmailAddress) string { return e.Address }, mergeEmail)
		sortTallies(list, func(e canonical.EmailAddress) int { return weigh(e.Verified, e.Primary) })
		return canonical.AppendEmails(nil, onePrimary(valuesOf(list)))
	case canonical.Phone:
		list := gather(claims, canonical.PhoneNumber.Key, mergePhone)
		sortTallies(list, func(canonical.PhoneNumber) int { return 0 })
		return canonical.AppendPhones(nil, valuesOf(list))
	case canonical.Domain, canonical.Strings:
		list := gather(claims, self, keepFirst)
		sortTallies(list, func(string) int { return 0 })
		return canonical.AppendStrings(nil, valuesOf(list))
	case canonical.Refs: // the first is special (a ticket's requester), so the newest record's order stands
		return canonical.AppendStrings(nil, valuesOf(gather(claims, self, keepFirst)))
	}
	return nil
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

func keepFirst(old, _ string) string { return old }

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
	return old
}

func mergePhone(old, other canonical.PhoneNumber) canonical.PhoneNumber {
	old.Type = cmp.Or(old.Type, other.Type)
	return old
}

// onePrimary leaves the mark to the first address that has it.
func onePrimary(list []canonical.EmailAddress) []canonical.EmailAddress {
	found := false
	for i := range list {
		list[i].Primary = list[i].Primary && !found
		found = found || list[i].Primary
	}
	return list
}
