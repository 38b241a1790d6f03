package ledger_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/identity/compare"
	"github.com/millrace/millrace/mapping/identity/score"
	"github.com/millrace/millrace/router/ledger"
)

// citizen is one made-up person of a large population: names as unevenly spread as real ones, and what else a CRM knows.
type citizen struct{ Given, Family, Email, Mobile, Born, City, Zip string }

// citizenOf returns person n, always the same.
func citizenOf(n int) citizen {
	r := rand.New(rand.NewPCG(uint64(n), 7))
	syllables := []string{"an", "be", "ca", "do", "el", "fi", "go", "ha", "il", "jo", "ka", "li", "mo", "ne", "ol", "pe", "ra", "su", "ti", "vo"}
	name := func(kinds int) string { // a square root law: few names are very common
		k := int(float64(kinds) * r.Float64() * r.Float64())
		text := ""
		for k += 20; k > 0; k /= 20 {
			text += syllables[k%20]
		}
		return strings.ToUpper(text[:1]) + text[1:]
	}
	c := citizen{Given: name(2000), Family: name(40_000) + "son"}
	born := time.Date(1940, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, r.IntN(65*365))
	c.Born = born.Format(time.DateOnly)
	c.Email = fmt.Sprintf("%s.%s%d@mail%d.example", strings.ToLower(c.Given), strings.ToLower(c.Family), n, n%997)
	c.Mobile = fmt.Sprintf("+49151%08d", (n*7919)%100_000_000)
	zip := r.IntN(3000)
	c.City, c.Zip = fmt.Sprint("City ", zip/10), fmt.Sprintf("%05d", 10_000+zip)
	return c
}

// census maps citizens as cheaply as a mapper can.
type census struct{}

func (census) Version() string { return "census" }

func (census) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	var c citizen
	if err := json.Unmarshal(rec.Data, &c); err != nil {
		return canonical.Profile{}, mapping.Outcome{}, err
	}
	return c.profile(), mapping.Outcome{}, nil
}

func (c citizen) profile() canonical.Profile {
	field := func(name, value string) canonical.Field { return canonical.Field{Name: name, Value: []byte(value)} }
	return canonical.Profile{Kind: canonical.Person, Fields: []canonical.Field{
		field("addresses", fmt.Sprintf(`[{"locality":%q,"postcode":%q,"country":"DE"}]`, c.City, c.Zip)),
		field("birthday", strconv.Quote(c.Born)),
		field("emails", fmt.Sprintf(`[{"address":%q}]`, c.Email)),
		field("name.family", strconv.Quote(c.Family)), field("name.given", strconv.Quote(c.Given)),
		field("phones", fmt.Sprintf(`[{"raw":%q,"e164":%q,"type":"mobile"}]`, c.Mobile, c.Mobile))}}
}

// arrivals makes a page of the people from..from+n of a connection; change may make them somebody known.
func arrivals(connection string, from, n int, change func(n int, c *citizen)) []connectors.Record {
	list := make([]connectors.Record, n)
	for i := range list {
		c := citizenOf(from + i)
		if change != nil {
			change(from+i, &c)
		}
		data, _ := json.Marshal(c)
		list[i] = connectors.Record{Ref: connectors.Ref{Connection: connection, Object: "contacts", ID: strconv.Itoa(from + i)},
			Version: at(from + i), Seen: at(from + i + 1), Data: data}
	}
	return list
}

// BenchmarkResolveMillion resolves new people, 100 at a time, into very many that are known; every fifth is one of those:
// under the same address, the same number or the same name and birthday. Goal: 2,000 a second. MILLRACE_PEOPLE says how
// many are known; the goal is for 1000000, which takes minutes to prepare and 3 GB in TMPDIR. MILLRACE_PEOPLE_BY=rules or
// scorer leaves the other out.
func BenchmarkResolveMillion(b *testing.B) {
	known := 20_000
	if text := os.Getenv("MILLRACE_PEOPLE"); text != "" {
		var err error
		if known, err = strconv.Atoi(text); err != nil {
			b.Fatalf("MILLRACE_PEOPLE=%s: %v", text, err)
		}
	}
	sample := make([]*compare.Facts, 10_000)
	for i := range sample {
		p := citizenOf(i - i%5*(i%2)).profile()
		sample[i] = compare.Of(&p)
	}
	for name, settings := range map[string]identity.Settings{
		"rules":  {},
		"scorer": {Models: map[canonical.Kind]*score.Model{canonical.Person: score.Train(canonical.Person, sample, epoch)}},
	} {
		only := os.Getenv("MILLRACE_PEOPLE_BY")
		if only != "" && only != name {
			continue
		}
		take := settle(b, known, identity.NewResolver(settings))
		next := known
		b.Run(name, func(b *testing.B) { next = resolveInto(b, take, known, next) })
	}
}

// settle makes a ledger of very many people, and returns what adds a page.
func settle(b *testing.B, known int, r *identity.Resolver) func([]connectors.Record) {
	engine := openBolt(b, b.TempDir())
	l, err := ledger.Open(engine, ledger.Options{Mapper: census{}, Resolver: r})
	if err != nil {
		b.Fatal(err)
	}
	take := func(records []connectors.Record) {
		_, err := l.Apply(b.Context(), ledger.Batch{Connection: records[0].Ref.Connection, Stream: "contacts", Kind: ledger.Fetch, Records: records})
		if err != nil {
			b.Fatal(err)
		}
	}
	start := time.Now()
	for from := 0; from < known; from += 5000 {
		take(arrivals("crm", from, min(5000, known-from), nil))
	}
	b.Logf("%d people in %s", known, time.Since(start).Round(time.Second))
	return take
}

// resolveInto adds b.N pages of people who follow the first next, and returns who follows them.
func resolveInto(b *testing.B, take func([]connectors.Record), known, next int) int {
	again := func(n int, c *citizen) {
		if n%5 != 0 {
			return
		}
		old := citizenOf(n * 7907 % known)
		switch n % 3 {
		case 0:
			c.Email = old.Email
		case 1:
			c.Mobile, c.Given, c.Family = old.Mobile, old.Given, old.Family
		default:
			c.Born, c.Given, c.Family = old.Born, old.Given, old.Family
		}
	}
	var pages [][]connectors.Record
	for i := range b.N {
		pages = append(pages, arrivals("mail", next+i*pageSize, pageSize, again))
	}
	b.ReportAllocs()
	b.ResetTimer()
	for _, page := range pages {
		take(page)
	}
	b.ReportMetric(float64(b.N*pageSize)/b.Elapsed().Seconds(), "people/s")
	return next + b.N*pageSize
}
