package ledger_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/kv"
)

var epoch = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// at is n seconds of the vendor's clock.
func at(n int) time.Time { return epoch.Add(time.Duration(n) * time.Second) }

// say is the JSON of the made-up vendor that plain maps.
type say struct {
	Kind   string   `json:"kind,omitempty"`
	Name   string   `json:"name,omitempty"`
	Email  string   `json:"email,omitempty"` // several with commas
	Domain string   `json:"domain,omitempty"`
	Org    string   `json:"org,omitempty"`
	Mobile string   `json:"mobile,omitempty"`
	Office string   `json:"office,omitempty"`
	Took   string   `json:"took,omitempty"`  // part in an interaction
	With   string   `json:"with,omitempty"`  // likewise, a record
	At     string   `json:"at,omitempty"`    // when an interaction happened
	Mail   string   `json:"mail,omitempty"`  // its Message-ID
	Known  bool     `json:"known,omitempty"` // kept only if somebody who took part is known
	Born   string   `json:"born,omitempty"`
	Same   []string `json:"same,omitempty"`
	Filter string   `json:"filter,omitempty"`
	Broken bool     `json:"broken,omitempty"`
}

func (s *say) participants() (list []map[string]string) {
	for _, address := range strings.Split(s.Took, ",") {
		list = append(list, map[string]string{"role": "from", "address": address})
	}
	return list
}

// plain is the mapper of tests.
type plain struct{ version string }

func (p plain) Version() string { return p.version }

func (p plain) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	var s say
	if err := json.Unmarshal(rec.Data, &s); err != nil {
		return canonical.Profile{}, mapping.Outcome{}, errors.New("not JSON")
	}
	if s.Name == "panic" {
		panic(s.Name)
	}
	if s.Broken {
		return canonical.Profile{}, mapping.Outcome{}, errors.New("broken on purpose")
	}
	out := canonical.Profile{Kind: canonical.Kind(s.Kind), Same: s.Same}
	if s.Filter != "" {
		return out, mapping.Outcome{Filtered: s.Filter}, nil
	}
	claim := func(name string, value any) {
		b, _ := json.Marshal(value)
		out.Fields = append(out.Fields, canonical.Field{Name: name, Value: b})
	}
	if s.Born != "" {
		claim("birthday", s.Born)
	}
	if s.Domain != "" {
		claim("domains", []string{s.Domain})
	}
	if s.Email != "" {
		var list []map[string]string
		for _, address := range strings.Split(s.Email, ",") {
			list = append(list, map[string]string{"address": address})
		}
		claim("emails", list)
	}
	switch {
	case s.Name != "" && out.Kind == canonical.Person:
		claim("name.full", s.Name+p.version)
	case s.Name != "":
		claim("name", s.Name+p.version)
	}
	if s.Org != "" {
		claim("organization", s.Org)
	}
	if s.Mobile != "" {
		claim("phones", []map[string]string{{"raw": s.Mobile, "e164": s.Mobile, "type": "mobile"}})
	}
	if s.Office != "" {
		claim("phones", []map[string]string{{"raw": s.Office, "e164": s.Office, "type": "work"}})
	}
	if out.Kind == canonical.Interaction {
		claim("kind", "email")
		claim("occurred_at", cmp.Or(s.At, "2026-11-22T10:00:00Z"))
		claim("subject", s.Name)
		claim("deals", []string{"a/deals/1"})
	}
	if s.Took != "" {
		claim("participants", s.participants())
	}
	if s.Mail != "" {
		claim("message_id", s.Mail)
	}
	if s.With != "" {
		claim("contacts", []string{s.With})
	}
	slices.SortFunc(out.Fields, func(a, b canonical.Field) int { return strings.Compare(a.Name, b.Name) })
	if s.Known {
		return out, mapping.Outcome{Known: &mapping.Known{Addresses: strings.Split(s.Took, ",")}}, nil
	}
	return out, mapping.Outcome{}, nil
}

// reach is that of rules with a task for each deal, named after its organization and with the tickets of that, and cards for
// customers.
func reach(k canonical.Kind) work.Reach {
	switch k {
	case canonical.Ticket:
		return work.Reach{Across: []work.Way{{Via: canonical.Organization, To: canonical.Deal}}}
	case canonical.Deal:
		return work.Reach{Own: true, Referenced: []canonical.Kind{canonical.Organization}}
	case canonical.Organization:
		return work.Reach{Own: true, Referrers: []canonical.Kind{canonical.Deal}}
	case canonical.Person:
		return work.Reach{Own: true}
	}
	return work.Reach{}
}

const target = "board"

// world is a ledger with a clock of its own.
type world struct {
	t      testing.TB
	engine kv.Engine
	*ledger.Ledger
	now      time.Time
	shown    map[string]string // what the target shows of each entity since clean; "" = nothing
	resolver *identity.Resolver
	tied     int
}

func newWorld(t testing.TB, engine kv.Engine) *world { return newWorldWith(t, engine, plain{"1"}) }

func newWorldWith(t testing.TB, engine kv.Engine, m ledger.Mapper) *world {
	t.Helper()
	return newWorldOf(t, engine, m, identity.NewResolver(identity.Settings{}))
}

func newWorldOf(t testing.TB, engine kv.Engine, m ledger.Mapper, r *identity.Resolver) *world {
	t.Helper()
	return newWorldUnder(t, engine, m, r, reach)
}

func newWorldUnder(t testing.TB, engine kv.Engine, m ledger.Mapper, r *identity.Resolver, reach func(canonical.Kind) work.Reach) *world {
	t.Helper()
	w := &world{t: t, engine: engine, now: epoch.Add(1000 * time.Hour), shown: map[string]string{}, resolver: r, tied: ledger.MostTied}
	l, err := ledger.Open(engine, ledger.Options{Now: func() time.Time { return w.now }, Targets: []string{target},
		Reach: reach, Mapper: m, Resolver: r, KindOf: knownKind, Key: []byte(strings.Repeat("k", 32))})
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	w.Ledger = l
	return w
}

func ref(text string) connectors.Ref {
	r, err := connectors.ParseRef(text)
	if err != nil {
		panic(err)
	}
	return r
}

// rec is a live record; seen is a second after its version.
func rec(id string, version int, s say) connectors.Record {
	if s.Kind == "" {
		s.Kind = kindOf(id)
	}
	data, _ := json.Marshal(s)
	return connectors.Record{Ref: ref(id), Version: at(version), Seen: at(version + 1), Data: data}
}

// gone is a deletion without content.
func gone(id string, version int, kind connectors.DeletionKind) connectors.Record {
	return connectors.Record{Ref: ref(id), Version: at(version), Seen: at(version + 1),
		Deleted: connectors.Deletion{Kind: kind}}
}

func kindOf(id string) string {
	switch ref(id).Object {
	case "companies":
		return "organization"
	case "deals":
		return "deal"
	case "tickets":
		return "ticket"
	case "calls", "messages":
		return "interaction"
	}
	return "person"
}

// knownKind is what the ledger is told of objects; nothing of those whose records are of a kind of their own.
func knownKind(_, object string) canonical.Kind {
	switch object {
	case "contacts", "companies", "deals", "tickets", "calls", "messages":
		return canonical.Kind(kindOf("a/" + object + "/1"))
	}
	return ""
}

// fetch applies records without a cursor and fails the test on an error.
func (w *world) fetch(records ...connectors.Record) ledger.Outcome {
	w.t.Helper()
	out, err := w.Apply(w.t.Context(), ledger.Batch{Connection: records[0].Ref.Connection,
		Stream: records[0].Ref.Object, Kind: ledger.Fetch, Records: records})
	if err != nil {
		w.t.Fatalf("Apply: %v", err)
	}
	return out
}

// entities describes the live entities without their ids: kind, records, and what is true of them.
func (w *world) entities() []string {
	w.t.Helper()
	var list []string
	err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		list = list[:0]
		for _, kind := range canonical.Kinds() {
			ids, _, err := s.Entities(kind, "", 10_000)
			if err != nil {
				return err
			}
			for _, id := range ids {
				e, err := s.Subject(id)
				if err != nil {
					return err
				}
				line := fmt.Sprintf("%s %v", e.Kind, e.Refs)
				for _, f := range e.Golden.Fields {
					line += fmt.Sprintf(" %s=%s", f.Name, f.Value)
				}
				list = append(list, line)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatalf("read entities: %v", err)
	}
	slices.Sort(list)
	return list
}

// id returns the entity of a record, "" for none.
func (w *world) id(record string) string {
	w.t.Helper()
	id := ""
	err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		e, err := s.Resolve(record)
		if e != nil {
			id = e.ID
		}
		return err
	})
	if err != nil {
		w.t.Fatalf("Resolve(%s): %v", record, err)
	}
	return id
}

func (w *world) dirty() []ledger.Dirty {
	w.t.Helper()
	b, err := w.Dirty(w.t.Context(), target, "", 10_000)
	if err != nil {
		w.t.Fatalf("Dirty: %v", err)
	}
	return b.Due
}

// clean settles every mark as if the target had taken everything.
func (w *world) clean() {
	w.t.Helper()
	var list []ledger.Settlement
	for _, m := range w.dirty() {
		w.shown[m.Entity] = w.shows(m.Entity)
		list = append(list, ledger.Settlement{Entity: m.Entity, Generation: m.Generation})
	}
	if _, err := w.Settle(w.t.Context(), target, list); err != nil {
		w.t.Fatalf("Settle: %v", err)
	}
}

// shows renders an entity the way the rules that reach describes would: a deal with its organization's name and tickets, an
// organization with its deals. "" when it is gone.
func (w *world) shows(id string) string {
	w.t.Helper()
	line := ""
	err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		line = ""
		e, err := s.Subject(id)
		if err != nil || e == nil {
			return err
		}
		line = fmt.Sprint(e.Kind, e.Refs, e.Golden.Fields)
		var org string
		if json.Unmarshal(e.Golden.Get("organization"), &org) == nil && e.Kind == canonical.Deal {
			o, err := s.Resolve(org)
			if err != nil {
				return err
			}
			if o != nil && o.Kind == canonical.Organization {
				line += " of " + string(o.Golden.Get("name"))
				tickets, err := s.Referrers(o, canonical.Ticket)
				if err != nil {
					return err
				}
				for _, t := range tickets {
					line += fmt.Sprint(" asks ", t.ID, t.Golden.Fields)
				}
			}
		}
		if e.Kind == canonical.Organization {
			deals, err := s.Referrers(e, canonical.Deal)
			if err != nil {
				return err
			}
			for _, d := range deals {
				line += fmt.Sprint(" has ", d.ID, d.Golden.Fields)
			}
		}
		return nil
	})
	if err != nil {
		w.t.Fatalf("show %s: %v", id, err)
	}
	return line
}

// unmarked describes an entity that the target shows wrongly although no mark says so, "" when there is none.
func (w *world) unmarked() string {
	w.t.Helper()
	marked := map[string]bool{}
	for _, m := range w.dirty() {
		marked[m.Entity] = true
	}
	ids := slices.Collect(maps.Keys(w.shown))
	err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		for _, kind := range canonical.Kinds() {
			more, _, err := s.Entities(kind, "", 10_000)
			if err != nil {
				return err
			}
			ids = append(ids, more...)
		}
		return nil
	})
	if err != nil {
		w.t.Fatalf("read entities: %v", err)
	}
	for _, id := range ids {
		if is := w.shows(id); !marked[id] && is != w.shown[id] && reach(canonical.KindOfID(id)).Own {
			return fmt.Sprintf("%s shows %q, is %q and has no mark", id, w.shown[id], is)
		}
	}
	return ""
}

func (w *world) totals() ledger.Totals {
	w.t.Helper()
	t, err := w.Totals(w.t.Context())
	if err != nil {
		w.t.Fatalf("Totals: %v", err)
	}
	return t
}

func equalLines(t testing.TB, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s:\ngot\n  %s\nwant\n  %s", what, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}
