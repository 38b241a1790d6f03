package ledger_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

// word is the JSON of a made-up vendor that consenting maps: a person with what it says of consent, or a record of consent.
type word struct {
	Name   string   `json:"name,omitempty"`
	Email  string   `json:"email,omitempty"` // several with commas
	Mobile string   `json:"mobile,omitempty"`
	Says   []string `json:"says,omitempty"` // "channel topic status since", each may be "-"
	Person string   `json:"person,omitempty"`
	Same   string   `json:"same,omitempty"`
	Filter string   `json:"filter,omitempty"`
}

// consenting is the mapper of these tests. Version "silent" is that of rules that read nothing of
// consent, "without mc" that of a configuration that has no such account any more.
type consenting struct{ version string }

func (c consenting) Version() string { return c.version }

func (c consenting) Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	if rec.Ref.Connection == canonical.Hub {
		return mapping.NewSet(nil).Map(rec)
	}
	var s word
	if err := json.Unmarshal(rec.Data, &s); err != nil {
		return canonical.Profile{}, mapping.Outcome{}, err
	}
	p := canonical.Profile{Kind: canonical.Person}
	if c.version == "without mc" && rec.Ref.Connection == "mc" {
		return p, mapping.Outcome{}, errors.New("no rules for this account")
	}
	if s.Filter != "" {
		return p, mapping.Outcome{Filtered: s.Filter}, nil
	}
	claim := func(name string, value any) {
		b, _ := json.Marshal(value)
		p.Fields = append(p.Fields, canonical.Field{Name: name, Value: b})
	}
	says := permissions(s.Says)
	if rec.Ref.Object == "consents" {
		p.Kind = canonical.Consent
		claim("channel", says[0].Channel)
		if s.Email != "" {
			claim("email", s.Email)
		}
		if s.Person != "" {
			claim("person", s.Person)
		}
		if says[0].Since != "" {
			claim("since", says[0].Since)
		}
		claim("status", says[0].Status)
		if says[0].Topic != "" {
			claim("topic", says[0].Topic)
		}
		return p, mapping.Outcome{}, nil
	}
	if says != nil && c.version != "silent" {
		claim("consents", says)
	}
	if s.Email != "" {
		var list []map[string]string
		for _, address := range strings.Split(s.Email, ",") {
			list = append(list, map[string]string{"address": address})
		}
		claim("emails", list)
	}
	if s.Name != "" {
		claim("name.full", s.Name)
	}
	if s.Mobile != "" {
		claim("phones", []map[string]string{{"raw": s.Mobile, "e164": s.Mobile, "type": "mobile"}})
	}
	if s.Same != "" {
		p.Same = []string{s.Same}
	}
	return p, mapping.Outcome{}, nil
}

func permissions(says []string) []canonical.Permission {
	var list []canonical.Permission
	for _, text := range says {
		f := strings.Fields(strings.ReplaceAll(text, "-", " - "))
		for len(f) < 4 {
			f = append(f, "-")
		}
		for i := range f {
			f[i] = strings.TrimPrefix(f[i], "-")
		}
		p := canonical.Permission{Channel: f[0], Topic: f[1], Status: f[2]}
		if f[3] != "" {
			var n int
			fmt.Sscan(f[3], &n)
			p.Since = at(n).Format(canonical.TimeLayout)
		}
		list = append(list, p)
	}
	return list
}

func spoke(id string, version int, s word) connectors.Record {
	data, _ := json.Marshal(s)
	return connectors.Record{Ref: ref(id), Version: at(version), Seen: at(version + 1), Data: data}
}

// consents returns what the golden record of a record's customer says: "email News opted_out".
func (w *world) consents(record string) string {
	w.t.Helper()
	var list []string
	err := w.Snapshot(w.t.Context(), func(s *ledger.Snap) error {
		e, err := s.Resolve(record)
		if err != nil || e == nil {
			return err
		}
		gjson.ParseBytes(e.Golden.Get("consents")).ForEach(func(_, p gjson.Result) bool {
			list = append(list, strings.Join(strings.Fields(p.Get("channel").Str+" "+p.Get("topic").Str+" "+p.Get("status").Str), " "))
			return true
		})
		return nil
	})
	if err != nil {
		w.t.Fatalf("read %s: %v", record, err)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func (w *world) wantConsents(when, record, want string) {
	w.t.Helper()
	if got := w.consents(record); got != want {
		w.t.Errorf("%s: the customer of %s has %q, want %q", when, record, got, want)
	}
}

// remapped opens the world's ledger with other rules and maps everything anew.
func (w *world) remapped(m ledger.Mapper) {
	w.t.Helper()
	now := w.now
	next := newWorldWith(w.t, w.engine, m)
	w.Ledger, w.now = next.Ledger, now
	for done := false; !done; {
		r, err := w.Remap(w.t.Context())
		if err != nil {
			w.t.Fatalf("Remap: %v", err)
		}
		done = r.Done
	}
}
