// Package crowd makes up customers, some of them several times with the mistakes that people make, for tests and
// benchmarks of identity resolution. It knows the truth; nothing of it is for the product's path.
package crowd

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
)

// Record is one row of the crowd.
type Record struct {
	ID      string
	Entity  int // who it is in truth
	Profile *canonical.Profile
}

// Options say what the crowd is like.
type Options struct {
	Records    int
	Duplicates float64 // share of the records that repeat an earlier one
	Couples    float64 // share of the people who live with another of the same family name
	Dirt       float64 // chance that a value of a duplicate is mistyped or missing
	Seed       uint64
}

// person is the truth about somebody.
type person struct {
	given, family, birthday, email, phone, street, city, postcode string
}

// People makes up people. The same options give the same people.
func People(o Options) []Record {
	r := rand.New(rand.NewPCG(o.Seed, 7))
	var all []person
	list := make([]Record, 0, o.Records)
	for n := range o.Records {
		entity := len(all)
		var p person
		switch {
		case len(all) > 0 && r.Float64() < o.Duplicates:
			entity = r.IntN(len(all))
			p = dirty(r, all[entity], o.Dirt)
		default:
			p = someone(r)
			if len(all) > 0 && r.Float64() < o.Couples {
				other := all[len(all)-1]
				p.family, p.street, p.city, p.postcode = other.family, other.street, other.city, other.postcode
			}
			all = append(all, p)
		}
		list = append(list, Record{ID: fmt.Sprintf("r%07d", n), Entity: entity, Profile: p.profile()})
	}
	return list
}

const (
	consonants = "bcdfghjklmnprstvz"
	vowels     = "aeiou"
)

// word makes up a name of some syllables out of a limited number of names, so that some are common.
func word(r *rand.Rand, names int) string {
	n := int(float64(names) * r.Float64() * r.Float64())
	w := rand.New(rand.NewPCG(uint64(n), uint64(names)))
	var b strings.Builder
	for range 2 + w.IntN(3) {
		b.WriteByte(consonants[w.IntN(len(consonants))])
		b.WriteByte(vowels[w.IntN(len(vowels))])
	}
	return b.String()
}

func someone(r *rand.Rand) person {
	p := person{given: word(r, 2000), family: word(r, 20000), city: word(r, 500), postcode: fmt.Sprintf("%05d", r.IntN(30000))}
	p.birthday = fmt.Sprintf("%04d-%02d-%02d", 1930+r.IntN(75), 1+r.IntN(12), 1+r.IntN(28))
	p.email = fmt.Sprintf("%s.%s%d@%s.example", p.given, p.family, r.IntN(100), word(r, 3000))
	p.phone = fmt.Sprintf("+4930%07d", r.IntN(10_000_000))
	p.street = fmt.Sprintf("%s street %d", word(r, 9000), 1+r.IntN(200))
	return p
}

// dirty returns what a careless hand makes of somebody.
func dirty(r *rand.Rand, p person, dirt float64) person {
	for _, field := range []*string{&p.given, &p.family, &p.birthday, &p.email, &p.phone, &p.street, &p.city, &p.postcode} {
		switch chance := r.Float64(); {
		case chance < dirt/2:
			*field = ""
		case chance < dirt:
			*field = mistype(r, *field)
		}
	}
	return p
}

// mistype changes, drops or exchanges a character.
func mistype(r *rand.Rand, s string) string {
	b := []byte(s)
	i := r.IntN(len(b) - 1)
	switch r.IntN(3) {
	case 0:
		b[i] = "abcdefghijklmnoprstuvz0123456789"[r.IntN(32)]
	case 1:
		b = slices.Delete(b, i, i+1)
	default:
		b[i], b[i+1] = b[i+1], b[i]
	}
	return string(b)
}

func (p person) profile() *canonical.Profile {
	claims := map[string]any{"name.given": p.given, "name.family": p.family}
	if date, err := canonical.CleanDate(p.birthday, nil); err == nil {
		claims["birthday"] = date
	}
	if address, _, err := canonical.CleanEmail(p.email); err == nil {
		claims["emails"] = []map[string]string{{"address": address}}
	}
	if p.phone != "" {
		claims["phones"] = []map[string]string{{"raw": p.phone, "e164": p.phone}}
	}
	claims["addresses"] = []map[string]any{{"lines": []string{p.street}, "locality": p.city, "postcode": p.postcode}}
	profile := &canonical.Profile{Kind: canonical.Person}
	for name, v := range claims {
		if v == "" {
			continue
		}
		value, err := json.Marshal(v)
		if err != nil {
			panic(err) // texts and lists of them
		}
		profile.Fields = append(profile.Fields, canonical.Field{Name: name, Value: value})
	}
	slices.SortFunc(profile.Fields, func(a, b canonical.Field) int { return strings.Compare(a.Name, b.Name) })
	return profile
}
