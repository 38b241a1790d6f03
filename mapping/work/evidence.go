package work

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/lifecycle"
)

// evidenceOf lists the kinds of entities whose referring to one of a kind says something of its lifecycle.
var evidenceOf = map[canonical.Kind][]canonical.Kind{
	canonical.Person: {canonical.Deal, canonical.Ticket, canonical.Interaction, canonical.Transaction, canonical.Membership},
	canonical.Organization: {canonical.Person, canonical.Deal, canonical.Ticket, canonical.Interaction,
		canonical.Transaction},
}

// hasState reports whether entities of a kind have a lifecycle.
func hasState(k canonical.Kind) bool { return evidenceOf[k] != nil }

// gatherer collects the evidence about one entity.
type gatherer struct {
	graph     Graph
	referrers func(canonical.Kind) ([]*Entity, error) // live ones
	entity    *Entity
	out       lifecycle.Evidence
}

// evidence gathers everything that speaks for a state of an entity: what its records claim and claimed, and what
// refers to it. Of an organization's people it takes what they say of themselves; their deals count where they name the
// organization.
func (g *gatherer) evidence() (*lifecycle.Evidence, error) {
	if err := g.itself(&g.out, g.entity); err != nil {
		return nil, err
	}
	for _, kind := range evidenceOf[g.entity.Kind] {
		list, err := g.referrers(kind)
		if err != nil {
			return nil, fmt.Errorf("read %s records: %w", kind, err)
		}
		if kind == canonical.Person {
			g.out.People = make([]lifecycle.Evidence, 0, len(list))
		}
		for _, e := range list {
			if err := g.about(e); err != nil {
				return nil, err
			}
		}
	}
	return &g.out, nil
}

// itself adds what an entity's own records say.
func (g *gatherer) itself(out *lifecycle.Evidence, e *Entity) error {
	stays, err := g.graph.History(e.ID)
	if err != nil {
		return fmt.Errorf("read history: %w", err)
	}
	out.Claims = make([]lifecycle.Claim, 0, len(stays))
	for i := range stays {
		if s := &stays[i]; !s.Lapsed {
			g.claim(out, e, s)
		}
	}
	for i := range e.Golden.Sources {
		s := &e.Golden.Sources[i]
		if !s.Live || s.Profile == nil {
			continue
		}
		if kind := s.Profile.Get("kind"); kind != nil && e.Kind == canonical.Organization {
			out.Claims = append(out.Claims, lifecycle.Claim{Source: s.Ref, Kind: lifecycle.OfKind, Value: text(kind), At: s.Version})
		}
		if at := timeOf(s.Profile.Get("lead.converted_at")); !at.IsZero() {
			out.Claims = append(out.Claims, lifecycle.Claim{Source: s.Ref, Kind: lifecycle.OfStatus, Value: "converted", At: at, Past: true})
		}
	}
	golden := &e.Golden
	out.Score, _ = strconv.ParseFloat(text(golden.Get("lead.score")), 64)
	out.Owned = golden.Get("owner") != nil
	out.ICP = string(golden.Get("fit.icp")) == "true"
	out.Authority = string(golden.Get("fit.authority")) == "true"
	out.Active = timeOf(golden.Get("last_activity_at"))
	return nil
}

// claim adds one stay. What a record said that was merged into another, it says no more.
func (g *gatherer) claim(out *lifecycle.Evidence, e *Entity, s *Stay) {
	present := s.Until.IsZero() && slices.Contains(e.Refs, s.Ref)
	c := lifecycle.Claim{Source: s.Ref, Value: s.Value, At: s.From, Past: !present}
	switch s.Field {
	case "lifecycle.stage":
	case "lead.status":
		c.Kind = lifecycle.OfStatus
	default:
		return
	}
	if connection, _, _ := strings.Cut(s.Ref, "/"); connection != canonical.Hub {
		out.Claims = append(out.Claims, c)
	} else if present && c.Kind == lifecycle.OfStage && !c.At.Before(out.Manual.At) {
		out.Manual = lifecycle.Manual{Stage: s.Value, At: s.From, By: s.Ref}
	}
}

// about adds what an entity that refers to the one in question says of it.
func (g *gatherer) about(e *Entity) error {
	if len(e.Refs) == 0 {
		return nil
	}
	source, golden, out := strings.Clone(e.Refs[0]), &e.Golden, &g.out
	switch e.Kind {
	case canonical.Person:
		if !g.names(golden.Get("organization")) {
			return nil // a manager's, or one who worked there once
		}
		out.People = append(out.People, lifecycle.Evidence{})
		p := &out.People[len(out.People)-1]
		if err := g.itself(p, e); err != nil {
			return err
		}
		out.Authority = out.Authority || p.Authority
	case canonical.Deal:
		out.Sales = append(out.Sales, lifecycle.Sale{Source: source, Status: text(golden.Get("status")), Opened: timeOf(golden.Get("opened_at")),
			Closed: timeOf(golden.Get("closed_at"))})
	case canonical.Ticket:
		by := golden.Get("requester")
		if by == nil {
			by = []byte(gjson.GetBytes(golden.Get("contacts"), "0").Raw)
		}
		if g.entity.Kind == canonical.Organization || g.names(by) {
			out.Requests = append(out.Requests, lifecycle.Request{Source: source, At: timeOf(golden.Get("opened_at"))})
		}
	case canonical.Transaction:
		out.Purchases = append(out.Purchases, lifecycle.Purchase{Source: source, Kind: text(golden.Get("kind")), At: timeOf(golden.Get("occurred_at"))})
	case canonical.Interaction:
		out.Contacts = append(out.Contacts, lifecycle.Contact{Source: source, Kind: text(golden.Get("kind")), Direction: text(golden.Get("direction")),
			At: timeOf(golden.Get("occurred_at")), Automated: string(golden.Get("automated")) == "true"})
	case canonical.Membership:
		if status := text(golden.Get("status")); status != "" && golden.Get("audience") != nil {
			out.Claims = append(out.Claims, lifecycle.Claim{Source: source, Kind: lifecycle.OfKind, Value: status, At: timeOf(golden.Get("joined_at"))})
		}
	}
	return nil
}

// names reports whether a reference, or any of a list, is to a record of the entity in question.
func (g *gatherer) names(ref []byte) bool {
	name := text(ref)
	return name != "" && slices.ContainsFunc(g.entity.Golden.Sources, func(s identity.Source) bool { return s.Ref == name })
}

// timeOf reads a Time value; zero for none.
func timeOf(value []byte) time.Time {
	if value == nil {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text(value))
	if err != nil {
		return time.Time{}
	}
	return t
}
