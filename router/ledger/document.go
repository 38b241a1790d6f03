package ledger

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/envelope"
	"github.com/millrace/millrace/mapping/identity"
)

// Document returns an entity, named by its id or a former one, in the form in which others get it. One that is gone is a
// document with a tombstone. connector returns the connector of a connection, "" when it is not known; it may be nil.
// ErrNotFound when there never was such an entity.
func (s *Snap) Document(id string, connector func(connection string) string) (envelope.Entity, error) {
	name, err := s.Current(id)
	if err != nil {
		return envelope.Entity{}, err
	}
	at, erased, err := s.Erased(id)
	if err != nil {
		return envelope.Entity{}, err
	}
	about := envelope.About{ID: id, Tenant: strings.TrimSuffix(s.l.ws, nul)}
	if erased && name == "" {
		about.Tombstone = &envelope.Tombstone{Kind: canonical.Erased, At: envelope.Stamp{Time: at}}
		return envelope.Of(&identity.Golden{Kind: canonical.KindOfID(id)}, about)
	}
	if name == "" {
		return envelope.Entity{}, fmt.Errorf("%s: %w", id, ErrNotFound)
	}
	n, err := readEntity(s.r, s.l, name)
	if err != nil || n == nil {
		return envelope.Entity{}, err
	}
	about.ID, about.Version, about.Created, about.Updated = name, n.version, n.created, n.updated
	metas := map[string]*meta{}
	for _, key := range n.members {
		m, err := s.meta(key)
		if err != nil {
			return envelope.Entity{}, err
		}
		metas[key.String()] = m
		if own := entityID(m.kind, m.id); own != name && s.r.Get(bAlias, s.l.at(own)) != nil {
			about.Aliases = append(about.Aliases, own)
		}
	}
	slices.Sort(about.Aliases)
	via, err := s.via(name, n.members)
	if err != nil {
		return envelope.Entity{}, err
	}
	about.Record = func(ref string) envelope.Ref {
		if metas[ref] == nil {
			return envelope.Ref{State: "elsewhere"} // it says something of an address of the customer
		}
		r := recordOf(ref, metas[ref], connector)
		r.Via = via[ref]
		return r
	}
	if !n.alive() {
		about.Tombstone = &envelope.Tombstone{Kind: tombstoneOf(metas), At: envelope.Stamp{Time: n.updated}}
	}
	g, err := s.reading().golden(canonical.KindOfID(name), n.members)
	if err != nil {
		return envelope.Entity{}, err
	}
	return envelope.Of(&g, about)
}

// via returns for each record of several the rule of the surest evidence that joins it to another one.
func (s *Snap) via(name string, members []recKey) (map[string]string, error) {
	if len(members) < 2 {
		return nil, nil
	}
	ex, err := s.Explain(name)
	if err != nil {
		return nil, err
	}
	rules := map[string]string{}
	slices.SortStableFunc(ex.Joined, func(a, b PairWhy) int { return cmp.Compare(b.Probability, a.Probability) })
	for _, p := range ex.Joined {
		for _, ref := range []string{p.A, p.B} {
			rules[ref] = cmp.Or(rules[ref], p.Rule)
		}
	}
	return rules, nil
}

// recordOf is what the ledger knows of a record beside what it says.
func recordOf(ref string, m *meta, connector func(string) string) envelope.Ref {
	r := envelope.Ref{LastSeen: envelope.Stamp{Time: m.state.seen}, Latent: entityID(m.kind, m.id)}
	if connector != nil {
		connection, _, _ := strings.Cut(ref, "/")
		r.Source = connector(connection)
	}
	if m.live() && m.missed > 0 {
		r.State = "unseen"
	}
	return r
}

// tombstones are the kinds of tombstone that deletions leave.
var tombstones = map[connectors.DeletionKind]canonical.Tombstone{connectors.Soft: canonical.SourceDeleted, connectors.Hard: canonical.SourceDeleted,
	connectors.Archived: canonical.Archived, connectors.Privacy: canonical.Erased, connectors.Merged: canonical.MergedInto}

// tombstoneOf returns why an entity is gone whose records are; what people said of it does not matter.
func tombstoneOf(metas map[string]*meta) canonical.Tombstone {
	for _, kind := range canonical.Tombstones() {
		for _, m := range metas {
			if tombstones[m.deleted] == kind {
				return kind
			}
		}
	}
	return canonical.SourceDeleted
}
