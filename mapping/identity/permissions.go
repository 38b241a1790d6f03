package identity

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// consentsField is where a person's consents are.
const consentsField = "consents"

// permission is one element of a list of consents.
type permission struct {
	raw            json.RawMessage
	channel, topic string // folded: two sources write one list in two ways
	rank           int    // canonical.Restriction
	claim          int    // whose
}

// permissionsOf reads the elements of claims, in their order.
func permissionsOf(claims []Claim) []permission {
	var list []permission
	for i, c := range claims {
		gjson.ParseBytes(c.Value).ForEach(func(_, e gjson.Result) bool {
			list = append(list, permission{json.RawMessage(e.Raw), strings.ToLower(e.Get("channel").Str),
				FoldTopic(e.Get("topic").Str), canonical.Restriction(e.Get("status").Str), i})
			return true
		})
	}
	return list
}

// FoldTopic returns what two spellings of one topic have in common.
func FoldTopic(topic string) string { return strings.ToLower(strings.TrimSpace(topic)) }

// governs reports whether what p says holds for the channel and topic of q: a blank topic is every topic.
func (p *permission) governs(q *permission) bool {
	return p.channel == q.channel && (p.topic == q.topic || p.topic == "")
}

// decision is what becomes of one channel and topic: the first element that speaks of it, and the one that restricts it
// most, places in a list.
type decision struct{ first, best int }

// decide returns a decision for each channel and topic that any claim speaks of, in their order. Of elements that restrict
// it equally, that of the topic itself comes before that of every topic, then the first one, of the newest claim.
func decide(list []permission) []decision {
	type name struct{ channel, topic string }
	var topics []decision
	at := map[name]int{}
	for i := range list {
		of := name{list[i].channel, list[i].topic}
		n, known := at[of]
		if !known {
			at[of] = len(topics)
			topics = append(topics, decision{i, i})
		} else if list[i].rank > list[topics[n].best].rank {
			topics[n].best = i
		}
	}
	for n := range topics {
		all, known := at[name{list[topics[n].first].channel, ""}]
		if known && list[topics[all].best].rank > list[topics[n].best].rank {
			topics[n].best = topics[all].best
		}
	}
	return topics
}

// unitePermissions joins consents: one element for each channel and topic, that which allows least. What is said of every
// topic stands in the place of a topic that it restricts, under that topic's name.
func unitePermissions(claims []Claim) []byte {
	list := permissionsOf(claims)
	elements := make([]json.RawMessage, 0, len(list))
	for _, d := range decide(list) {
		first, best := &list[d.first], &list[d.best]
		if best.topic == first.topic {
			elements = append(elements, best.raw)
			continue
		}
		elements = append(elements, underTopic(best.raw, first.raw))
	}
	return appendElements(elements)
}

// underTopic returns what an element says of every topic as said of the topic of another, in normal form: the topic stands
// behind the channel.
func underTopic(said, of json.RawMessage) json.RawMessage {
	topic := slices.Concat([]byte(`"topic":`), []byte(gjson.GetBytes(of, "topic").Raw))
	channel := gjson.GetBytes(said, "channel")
	if !channel.Exists() {
		return slices.Concat([]byte{'{'}, topic, []byte{','}, said[1:])
	}
	end := channel.Index + len(channel.Raw)
	return slices.Concat(said[:end], []byte{','}, topic, said[end:])
}

// settled reports whether a profile's consents are one element for each channel and topic, none of which another one
// restricts: then they are shown as they are.
func settled(p *canonical.Profile) bool {
	value := p.Get(consentsField)
	if value == nil || canonical.IsNull(value) {
		return true
	}
	list := permissionsOf([]Claim{{Value: value}})
	topics := decide(list)
	return len(topics) == len(list) && !slices.ContainsFunc(topics, func(d decision) bool { return d.first != d.best })
}

// kept reports whether any source has consents beside its profile.
func (m *merger) kept() bool {
	return slices.ContainsFunc(m.sources, func(s Source) bool { return s.Consents != nil })
}

// keptClaims appends the consents that count beside the profiles, in the order of references.
func (m *merger) keptClaims(list []Claim) []Claim {
	from := len(list)
	for i := range m.sources {
		if s := &m.sources[i]; s.Consents != nil {
			list = append(list, Claim{Source: i, Value: s.Consents, Asserted: s.Version})
		}
	}
	slices.SortFunc(list[from:], func(a, b Claim) int {
		return strings.Compare(m.sources[a.Source].Ref, m.sources[b.Source].Ref)
	})
	return list
}

// permissions decides about consents, each channel and topic by itself.
func (m *merger) permissions(claims []Claim) []byte {
	value := unitePermissions(claims)
	if m.trace != nil {
		m.trace.permitted(value, claims)
		if len(claims) == 1 && m.sources[claims[0].Source].Once {
			m.trace.rule = Kept
		}
	}
	return value
}

// heldBy returns whose claims restrict as much as an element that survived, and notes those of its topic that lost.
func (t *trace) heldBy(p *permission, list []permission, claims []Claim) []int {
	var held []int
	for i := range list {
		q := &list[i]
		source := claims[q.claim].Source
		switch {
		case !q.governs(p) || q.rank == p.rank && slices.Contains(held, source):
		case q.rank == p.rank:
			held = append(held, source)
		case q.topic == p.topic:
			t.lost = append(t.lost, loss{Claim{Source: source, Value: slices.Concat([]byte{'['}, q.raw, []byte{']'}),
				Asserted: claims[q.claim].Asserted}, MostRestrictive})
		}
	}
	return held
}

// permitted tells by whose claim each element is as it is, and what allowed more and lost.
func (t *trace) permitted(value []byte, claims []Claim) {
	t.winner, t.rule = claims[0], MostRestrictive
	if len(claims) == 1 {
		t.rule = 0
	} else if sameValue(claims) {
		t.rule = Agreed
	}
	list := permissionsOf(claims)
	for _, p := range permissionsOf([]Claim{{Value: value}}) {
		t.elements = append(t.elements, t.heldBy(&p, list, claims))
	}
	if len(t.elements) > 0 && len(t.elements[0]) > 0 {
		t.winner.Source = t.elements[0][0]
		for _, c := range claims {
			if c.Source == t.winner.Source {
				t.winner.Asserted = c.Asserted
				break
			}
		}
	}
}
