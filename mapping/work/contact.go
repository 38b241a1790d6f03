package work

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/expr-lang/expr/types"
	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// lastContact is the member of a rule's own person or organization that says when somebody last had to do with it.
const lastContact = "last_contact"

// contactType is one interaction as rules see it.
var contactType = types.Map{"at": types.String, "kind": types.String, "direction": types.String, "subject": types.String,
	"url": types.String, "who": types.String}

// contactKinds are the kinds of interactions that are a contact: two people had to do with each other, or one wanted to. A
// page that was viewed is none, nor is what a machine reports of an e-mail, nor what we wrote down for ourselves.
var contactKinds = []string{"email", "call", "meeting", "chat", "sms", "form_submission", "event_attendance", "ticket_comment",
	"survey_response", "review", "referral", "social"}

// isContact reports whether an interaction is one that a human had with a customer.
func isContact(e *Entity) bool {
	g := &e.Golden
	return isLive(e, canonical.Interaction) && slices.Contains(contactKinds, text(g.Get("kind"))) && string(g.Get("automated")) != "true" &&
		text(g.Get("direction")) != "internal" && text(g.Get("visibility")) != "internal"
}

// contactOwn adds the last contact to the value of the scene's own entity, once. What is planned for later, a meeting next
// week, is none until then.
func (s *scene) contactOwn() error {
	value, ok := s.env[string(s.entity.Kind)].(map[string]any)
	if !ok || s.contacted {
		return nil
	}
	s.contacted = true
	value[lastContact] = nil
	list, err := s.recent(time.Time{}.Add(1), 1, func(e *Entity) bool {
		ahead := occurred(e).After(s.graph.Now())
		if ahead && isContact(e) {
			s.wake(occurred(e))
		}
		return !ahead && isContact(e)
	})
	if err == nil && len(list) > 0 {
		value[lastContact], err = s.contact(list[0])
	}
	return err
}

// recentLooks bounds how many interactions are looked at for those that count: behind a thousand opened newsletters nobody
// looks for a call.
const recentLooks = 1000

// recent returns the interactions since a time that keep says yes to, the newest first. The first older one ends the search.
func (s *scene) recent(since time.Time, most int, keep func(*Entity) bool) ([]*Entity, error) {
	for n := min(2, most); ; n = min(4*n, most) { // most have nothing new
		looked := 0
		list, err := s.graph.Recent(s.entity, n, func(e *Entity) bool {
			looked++
			return occurred(e).Before(since) || looked > recentLooks || keep(e)
		})
		if err != nil {
			return nil, err
		}
		ended := len(list) < n || n == most || looked > recentLooks
		list = slices.DeleteFunc(list, func(e *Entity) bool {
			old := occurred(e).Before(since)
			ended = ended || old
			return old || !keep(e)
		})
		if ended {
			return list, nil
		}
	}
}

func occurred(e *Entity) time.Time { return timeOf(e.Golden.Get("occurred_at")) }

// contact prepares an interaction.
func (s *scene) contact(e *Entity) (map[string]any, error) {
	g := &e.Golden
	who, err := s.who(e)
	return map[string]any{"at": timeText(occurred(e)), "kind": text(g.Get("kind")), "direction": text(g.Get("direction")),
		"subject": subjectOf(e), "url": text(g.Get("url")), "who": who}, err
}

// subjectOf returns what an interaction was about, in one line.
func subjectOf(e *Entity) string {
	for _, name := range []string{"subject", "snippet"} {
		if s := text(e.Golden.Get(name)); s != "" {
			return s
		}
	}
	first, _, _ := strings.Cut(text(e.Golden.Get("body")), "\n")
	return first
}

// maxWho bounds the people that an interaction names.
const maxWho = 5

// who names the people of the customer that an interaction was with: who wrote of what came in, to whom of what went out.
// Where no participants are known it is the records that it names.
func (s *scene) who(e *Entity) (string, error) {
	var names []string
	add := func(name string) {
		if name != "" && !slices.Contains(names, name) && len(names) < maxWho {
			names = append(names, name)
		}
	}
	ours := []string{"from", "sender", "reply_to", "host"}
	inbound := text(e.Golden.Get("direction")) != "outbound"
	gjson.ParseBytes(e.Golden.Get("participants")).ForEach(func(_, p gjson.Result) bool {
		switch role := p.Get("role").Str; {
		case inbound && role == "from", !inbound && !slices.Contains(ours, role):
			add(strings.Clone(cmp.Or(p.Get("name").Str, p.Get("address").Str)))
		}
		return true
	})
	if len(names) > 0 {
		return strings.Join(names, ", "), nil
	}
	for _, ref := range refsIn(e.Golden.Get("contacts")) {
		p, err := s.graph.Resolve(ref)
		if err != nil {
			return "", err
		}
		if isLive(p, canonical.Person) {
			add(label(p))
		}
	}
	return strings.Join(names, ", "), nil
}

// watchContacts adds how what a kind shows of interactions is reached: from the interaction itself, through a person to
// the organization, and from a person who came to an organization or left it, and brings what was.
func (p *plan) watchContacts(reach *Reach, kind, changed canonical.Kind) {
	switch {
	case changed == canonical.Interaction:
		reach.Referenced = append(reach.Referenced, kind)
		if kind == canonical.Organization {
			reach.Above = append(reach.Above, Way{Via: canonical.Person, To: kind})
		}
	case changed == canonical.Person && kind == canonical.Organization:
		reach.Referenced = append(reach.Referenced, kind)
	}
}

// touchText writes an interaction in one line: 2026-11-30, e-mail from Ana Marić: Offer.
func touchText(v any) string {
	c, ok := v.(map[string]any)
	if !ok {
		return ""
	}
	s := dateText(c["at"]) + ", " + kindText(plainText(c["kind"]))
	if who := plainText(c["who"]); who != "" {
		s += map[string]string{"inbound": " from ", "outbound": " to "}[plainText(c["direction"])]
		if !strings.HasSuffix(s, " ") {
			s += " with "
		}
		s += who
	} else if d := plainText(c["direction"]); d != "" {
		s += " (" + d + ")"
	}
	if subject := plainText(c["subject"]); subject != "" {
		s += ": " + subject
	}
	return s
}

// countsText counts interactions by kind and direction: 3 e-mails in, 1 e-mail out, 1 call.
func countsText(v any) string {
	list, _ := v.([]any)
	count := map[string]int{}
	var order []string
	for _, one := range list {
		c, ok := one.(map[string]any)
		if !ok {
			continue
		}
		what := plainText(c["kind"]) + "/" + plainText(c["direction"])
		if count[what]++; count[what] == 1 {
			order = append(order, what)
		}
	}
	slices.SortFunc(order, func(a, b string) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) })
	for i, what := range order {
		kind, direction, _ := strings.Cut(what, "/")
		s := fmt.Sprint(count[what], " ", kindText(kind))
		if count[what] > 1 {
			s += "s"
		}
		order[i] = s + map[string]string{"inbound": " in", "outbound": " out"}[direction]
	}
	return strings.Join(order, ", ")
}

// kindText is what one calls an interaction of a kind.
func kindText(kind string) string {
	switch kind {
	case "email":
		return "e-mail"
	case "sms":
		return "text message"
	}
	return strings.ReplaceAll(kind, "_", " ")
}
