package ledger

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger/kv"
)

// EraseOptions say who erases, why, and whether the customer may come back.
type EraseOptions struct {
	By  string // who asked, for the record of the erasure
	Why string // a case number, for the record of the erasure; it must not name the customer
	// Suppress puts the customer's addresses, numbers and references on the suppression list, so that nothing a vendor
	// sends brings them back. Without it what is newer than what was erased is taken again.
	Suppress bool

	known bool // Why is of our own making
}

// Erasure is the report of one erasure. It names records and entities, never the customer.
type Erasure struct {
	Entity  string    `json:"entity"`
	Former  []string  `json:"former,omitempty"` // other ids it has had, all erased too
	Refs    []string  `json:"refs"`             // the records that were deleted here and that their vendors still have
	At      time.Time `json:"at"`
	By      string    `json:"by,omitempty"`
	Why     string    `json:"why,omitempty"`
	Already bool      `json:"already,omitempty"` // it had been erased before; At, By and Why are those of that time

	Suppressed int `json:"suppressed"`           // entries on the suppression list that keep it out
	Shared     int `json:"shared,omitempty"`     // addresses and numbers that other customers have too, not suppressed
	Letters    int `json:"letters,omitempty"`    // dead letters deleted
	Deliveries int `json:"deliveries,omitempty"` // webhook deliveries deleted or cleaned
	Log        int `json:"log,omitempty"`        // rows of change logs deleted
	History    int `json:"history,omitempty"`    // rows of histories deleted
	Decisions  int `json:"decisions,omitempty"`  // decisions and reviews deleted

	// Named are records of others that named the customer, in a title for example. They were cleaned here; their
	// vendors still have them, and a later version that names the customer again is shown as it is.
	Named []string `json:"named,omitempty"`
	// Kept are records of others that go on holding something of it, because it is theirs as well: a shared address, an
	// address at its domain, the same name.
	Kept []string `json:"kept,omitempty"`
	// Redact lists target and entity of what is shown and still has to be redacted or rewritten by delivery.
	Redact []string `json:"redact,omitempty"`
	// Left are targets that are no longer configured and still show something of the customer.
	Left []string `json:"left,omitempty"`
}

// mostMembers bounds how many records one customer may have to be erased in one transaction.
const mostMembers = 5000

// Erase forgets a customer, named by its id or a former one, in one transaction: the contents of its records, their
// index rows, histories and dead letters, the log, decisions, and whatever other records, links and letters name it by.
// Of the customer stay its ids, marked as erased so that targets redact what they show, and the suppression list. What
// referred to it is marked dirty. ErrNotFound when there is no such customer; erasing one again returns its report.
//
// Freed pages keep their bytes until the store is compacted: see CompactionDue.
func (l *Ledger) Erase(ctx context.Context, id string, o EraseOptions) (Erasure, error) {
	if len(l.barKeys) == 0 {
		return Erasure{}, fmt.Errorf("erase %s: %w", id, errNoBarKey)
	}
	if _, _, err := parseEntityID(id); err != nil {
		return Erasure{}, err
	}
	plan, err := l.planErasure(ctx, id)
	if err != nil {
		return Erasure{}, err
	}
	if !o.known && plan.traces.named(o.Why) {
		return Erasure{}, fmt.Errorf("erase %s: the reason names the customer and would outlive it: give a case number", id)
	}
	var done Erasure
	err = l.update(ctx, "erase "+id, func(c *change) error {
		e := &eraser{c: c, o: o, plan: plan, done: Erasure{At: c.now, By: o.By, Why: o.Why}}
		err := e.run(id)
		done = e.done
		return err
	})
	return done, err
}

// erasurePlan is what a look at the whole ledger found before the transaction.
type erasurePlan struct {
	traces traces
	about  map[recKey]bool // records to be cleaned; true = they refer to the customer or the customer to them
	links  []linkName      // links of others whose items may name the customer
	logs   []string        // rows of change logs that name it

	members []recKey
	names   []string // its references and ids
}

type linkName struct{ target, entity, item string }

// planErasure gathers the customer's traces and looks for them where an index cannot lead: it reads every body once.
func (l *Ledger) planErasure(ctx context.Context, id string) (*erasurePlan, error) {
	p := &erasurePlan{about: map[recKey]bool{}}
	err := l.Snapshot(ctx, func(s *Snap) error {
		members, err := s.membersOf(id)
		if err != nil || len(members) == 0 {
			return err
		}
		if len(members) > mostMembers {
			return fmt.Errorf("erase %s: it has %d records, more than %d: split it first", id, len(members), mostMembers)
		}
		var profiles []canonical.Profile
		for _, key := range members {
			list, err := s.profilesOf(key)
			if err != nil {
				return err
			}
			profiles = append(profiles, list...)
		}
		past, err := s.pastOf(members)
		if err != nil {
			return err
		}
		profiles = append(profiles, past...)
		p.traces, p.members = tracesOf(profiles), members
		if p.names, err = s.namesOf(members); err != nil {
			return err
		}
		return s.relatives(members, p.about)
	})
	if err != nil || p.traces.loose == nil {
		return p, err
	}
	for _, look := range []func(context.Context, *erasurePlan) error{l.strays, l.strayLinks, l.strayLogs} {
		if err := look(ctx, p); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// namesOf returns the references of records and the ids that they stood for.
func (s *Snap) namesOf(members []recKey) ([]string, error) {
	var list []string
	for _, key := range members {
		m, err := s.meta(key)
		if err != nil {
			return nil, err
		}
		list = append(list, key.String(), entityID(m.kind, m.id))
	}
	return list, nil
}

// membersOf returns the records of an entity by any of its ids, none when there is no such entity.
func (s *Snap) membersOf(id string) ([]recKey, error) {
	current, err := s.Current(id)
	if err != nil || current == "" {
		return nil, err
	}
	n, err := readEntity(s.r, s.l, current)
	if err != nil || n == nil {
		return nil, err
	}
	return n.members, nil
}

// profilesOf returns what is known of a record: its stored profile and, when a newer version is a dead letter, nothing
// of that, because it could not be mapped.
func (s *Snap) profilesOf(key recKey) ([]canonical.Profile, error) {
	b, err := readBody(s.r, s.l, key)
	if err != nil || b == nil || len(b.profile) == 0 {
		return nil, err
	}
	p, err := b.decodeProfile(key)
	return []canonical.Profile{p}, err
}

// pastOf returns what the change logs still know of former names, addresses and numbers.
func (s *Snap) pastOf(members []recKey) ([]canonical.Profile, error) {
	var list []canonical.Profile
	for _, key := range members {
		m, err := s.meta(key)
		if err != nil {
			return nil, err
		}
		entries, err := s.Log(entityID(m.kind, m.id), 0, lookMost)
		if err != nil {
			return nil, err
		}
		for i := range entries {
			was, is := canonical.Profile{Kind: m.kind}, canonical.Profile{Kind: m.kind}
			for _, op := range entries[i].Ops { // ordered by path, as a profile's fields are
				was.Fields = append(was.Fields, canonical.Field{Name: op.Path, Value: op.Old})
				is.Fields = append(is.Fields, canonical.Field{Name: op.Path, Value: op.New})
			}
			list = append(list, was, is)
		}
	}
	return list, nil
}

// relatives adds the records that refer to members, and those that members refer to.
func (s *Snap) relatives(members []recKey, about map[recKey]bool) error {
	for _, key := range members {
		for from := range below(s.r, bRev, s.l.under(string(key))) {
			about[from] = true
		}
		b, err := readBody(s.r, s.l, key)
		if err != nil {
			return err
		}
		if b != nil {
			for _, target := range b.targets {
				about[target] = true
			}
		}
	}
	for _, key := range members {
		delete(about, key)
	}
	return s.r.Err()
}

// strays adds the records that hold one of the customer's addresses, numbers or full names without referring to it.
func (l *Ledger) strays(ctx context.Context, p *erasurePlan) error {
	if len(p.traces.needles) == 0 {
		return nil
	}
	return l.look(ctx, bBody, func(name string, row []byte) error {
		key := recKey(name)
		b, err := decodeBody(row)
		if err != nil {
			return damaged(bBody, key.String(), err)
		}
		hit, err := p.traces.in(b, key)
		if err == nil && hit && !p.about[key] && !slices.Contains(p.members, key) {
			p.about[key] = false
		}
		return err
	})
}

// strayLinks lists the links whose items may hold an address or a number, or belong to a relative.
func (l *Ledger) strayLinks(ctx context.Context, p *erasurePlan) error {
	related, err := l.owners(ctx, p.about)
	if err != nil {
		return err
	}
	return l.look(ctx, bLink, func(key string, row []byte) error {
		name, ok := parseLinkKey(key)
		if ok && (p.traces.near(row) || related[name.entity] && found(p.traces.loose, row)) {
			p.links = append(p.links, name)
		}
		return nil
	})
}

// owners returns the entities that records belong to.
func (l *Ledger) owners(ctx context.Context, records map[recKey]bool) (map[string]bool, error) {
	ids := map[string]bool{}
	err := l.Snapshot(ctx, func(s *Snap) error {
		for key := range records {
			id, err := s.owner(key)
			if err != nil {
				return err
			}
			ids[id] = true
		}
		return nil
	})
	return ids, err
}

// strayLogs lists the rows of change logs that hold an address or a number, those of the customer's deals and tickets that
// name it, and those that name it beside one of its ids: a customer that was once merged with this one has them.
func (l *Ledger) strayLogs(ctx context.Context, p *erasurePlan) error {
	related, err := l.owners(ctx, p.about)
	if err != nil {
		return err
	}
	return l.look(ctx, bLog, func(key string, row []byte) error {
		mentions := func(name string) bool { return bytes.Contains(row, []byte(name)) }
		entity, _, _ := strings.Cut(key, nul)
		kind := canonical.KindOfID(entity)
		theirs := related[entity] && kind != canonical.Person && kind != canonical.Organization
		if p.traces.near(row) || (theirs || slices.ContainsFunc(p.names, mentions)) && found(p.traces.loose, row) {
			p.logs = append(p.logs, key)
		}
		return nil
	})
}

// look calls fn for every row of a bucket with its key in this workspace.
func (l *Ledger) look(ctx context.Context, bucket kv.Bucket, fn func(key string, row []byte) error) error {
	all := []byte(l.ws)
	return l.eachRow(ctx, bucket, all, all, func(key, row []byte) error { return fn(string(key[len(l.ws):]), row) })
}

// refTexts renders record keys for the report.
func refTexts(keys []recKey) []string {
	list := make([]string, len(keys))
	for i, k := range keys {
		list[i] = k.String()
	}
	slices.Sort(list)
	return list
}

// refOf is key.ref for keys that are known to be whole.
func refOf(key recKey) connectors.Ref {
	ref, _ := key.ref()
	return ref
}
