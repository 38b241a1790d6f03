package ledger_test

import (
	"encoding/csv"
	"encoding/json"
	"math/rand"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/identity/compare"
	"github.com/millrace/millrace/mapping/identity/score"
	"github.com/millrace/millrace/router/ledger"
)

// shared returns the path of a file of the shared data.
func shared(t *testing.T, name string) string {
	t.Helper()
	dir := os.Getenv("MILLRACE_SHARED")
	if dir == "" {
		dir = "../../../shared"
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the shared data sets are missing: %v", err)
		}
		t.Skipf("SKIPPED: the orders of arrival of %s were NOT tried, because the shared data sets are not here; set MILLRACE_SHARED", name)
	}
	return path
}

// rows maps lines of a table: the data of a record is an object of canonical texts.
type rows struct{}

func (rows) Version() string { return "rows" }

func (rows) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	var texts map[string]string
	if err := json.Unmarshal(rec.Data, &texts); err != nil {
		return canonical.Profile{}, mapping.Outcome{}, err
	}
	return profileOf(texts), mapping.Outcome{}, nil
}

func profileOf(texts map[string]string) canonical.Profile {
	p := canonical.Profile{Kind: canonical.Person}
	claim := func(name string, value any) {
		b, _ := json.Marshal(value)
		p.Fields = append(p.Fields, canonical.Field{Name: name, Value: b})
	}
	address := map[string]string{}
	for name, text := range texts {
		part, ofAddress := strings.CutPrefix(name, "address.")
		switch {
		case text == "":
		case ofAddress:
			address[part] = text
		case name == "emails":
			claim(name, []map[string]string{{"address": text}})
		default:
			claim(name, text)
		}
	}
	if len(address) > 0 {
		claim("addresses", []map[string]string{address})
	}
	sort.Slice(p.Fields, func(i, j int) bool { return p.Fields[i].Name < p.Fields[j].Name })
	return p
}

// table reads a data set as records of two connections, with the columns as fields.
func table(t *testing.T, path, id string, columns map[string]string) []connectors.Record {
	t.Helper()
	f, err := os.Open(path)
	must(t, err)
	defer func() { _ = f.Close() }()
	r := csv.NewReader(f)
	r.TrimLeadingSpace = true
	lines, err := r.ReadAll()
	must(t, err)
	var list []connectors.Record
	for n, line := range lines[1:] {
		texts, name := map[string]string{}, ""
		for i, column := range lines[0] {
			value := strings.TrimSpace(line[i])
			if column == id {
				name = value
			}
			if field := columns[column]; field != "" {
				texts[field] = value
			}
		}
		if b := texts["birthday"]; len(b) == 8 {
			texts["birthday"] = b[:4] + "-" + b[4:6] + "-" + b[6:]
		}
		data, err := json.Marshal(texts)
		must(t, err)
		list = append(list, connectors.Record{Ref: connectors.Ref{Connection: string(rune('a' + n%2)), Object: "contacts", ID: name},
			Version: at(n), Seen: at(n + 1), Data: data})
	}
	return list
}

// TestOrderOfArrivalOfPublicData resolves two public data sets in 20 orders of arrival each, with the scorer, medium
// evidence and a few decisions: customers, ids, golden records and what waits for a person are the same every time.
func TestOrderOfArrivalOfPublicData(t *testing.T) { // invariant 2
	for _, set := range []struct {
		name, file, id string
		columns        map[string]string
	}{
		{"FEBRL1", "datasets/febrl/dataset1.csv", "rec_id", map[string]string{"given_name": "name.given", "surname": "name.family",
			"address_1": "address.street", "suburb": "address.locality", "postcode": "address.postcode", "state": "address.region",
			"date_of_birth": "birthday"}},
		{"fake_1000", "datasets/splink/fake_1000.csv", "unique_id", map[string]string{"first_name": "name.given",
			"surname": "name.family", "dob": "birthday", "city": "address.locality", "email": "emails"}},
	} {
		t.Run(set.name, func(t *testing.T) {
			records := table(t, shared(t, set.file), set.id, set.columns)
			facts := make([]*compare.Facts, len(records))
			for i := range records {
				p, _, err := rows{}.Map(records[i])
				must(t, err)
				facts[i] = compare.Of(&p)
			}
			model := score.Train(canonical.Person, facts, epoch)
			resolver := identity.NewResolver(identity.Settings{Person: identity.Bands{Auto: .9, Medium: true},
				Models: map[canonical.Kind]*score.Model{canonical.Person: model}})
			decisions := someDecisions(records)
			orders := 20
			if testing.Short() {
				orders = 3
			}
			var first []string
			for n := range orders {
				w := newWorldOf(t, openBolt(t, t.TempDir()), rows{}, resolver)
				inOrder(w, records, decisions, rand.New(rand.NewSource(int64(n))))
				got := ledger.EntityRows(w.Ledger, w.engine)
				got = append(got, ledger.ReviewRows(w.Ledger, w.engine)...)
				if n == 0 {
					first = got
					checkWhole(t, w, w.engine)
					t.Logf("%d records, %d people, %d pairs wait", len(records), w.totals().Customers(), w.totals().Reviews)
				} else if !slices.Equal(got, first) {
					t.Fatalf("order %d ends with other customers:\ngot\n  %s\nwant\n  %s", n, strings.Join(minus(got, first), "\n  "),
						strings.Join(minus(first, got), "\n  "))
				}
				must(t, w.engine.Close())
			}
		})
	}
}

// someDecisions joins and parts a few neighbours of the table.
func someDecisions(records []connectors.Record) []ledger.Decision {
	var list []ledger.Decision
	for i := 0; i+1 < len(records); i += 97 {
		list = append(list, ledger.Decision{A: records[i].Ref.String(), B: records[i+1].Ref.String(), Same: i%2 == 0})
	}
	return list
}

// inOrder delivers records in an order and in pages of chance, some of them twice, and decides as soon as it can.
func inOrder(w *world, records []connectors.Record, decisions []ledger.Decision, rnd *rand.Rand) {
	w.t.Helper()
	records = slices.Clone(records)
	rnd.Shuffle(len(records), func(i, j int) { records[i], records[j] = records[j], records[i] })
	for len(records) > 0 {
		n := 1 + rnd.Intn(min(250, len(records)))
		pages := map[string][]connectors.Record{}
		for _, r := range records[:n] {
			pages[r.Ref.Connection] = append(pages[r.Ref.Connection], r)
		}
		for _, c := range []string{"a", "b"} {
			if len(pages[c]) > 0 {
				w.fetch(pages[c]...)
			}
		}
		records = records[n:]
		decisions = w.decideAll(decisions)
	}
}
