package work

import (
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// members are what the rules read of an entity, prepared so that nothing else is looked at.
type members struct {
	fields        []memberOf
	groups        []string // the objects that nested fields stand in
	custom, label bool
	attr, address bool
	derived       bool // from the lifecycle
	history       bool
	subscribed    bool
}

// memberOf is one catalogued field and its place.
type memberOf struct {
	def         canonical.Def
	group, name string // group "" = in the entity itself
}

// membersOf prepares the members of a kind that are wanted; nil means all.
func membersOf(k canonical.Kind, wanted map[string]bool) *members {
	has := func(name string) bool { return wanted == nil || wanted[name] }
	m := &members{custom: has("custom"), attr: has("attr"), label: has(Label), address: has("address") && hasAddress(k),
		derived: has(derived) && hasState(k), history: has("history") && hasHistory(k),
		subscribed: has(subscribed) && hasConsents(k)}
	for _, d := range canonical.Fields(k) {
		group, name, nested := strings.Cut(d.Name, ".")
		if !has(group) || hasState(k) && d.Name == "lifecycle.entered" { // the derived times take its place
			continue
		}
		if hasState(k) && d.Name == "lifecycle.stage" {
			name = "claimed"
		}
		if !nested {
			group, name = "", d.Name
		} else if !slices.Contains(m.groups, group) {
			m.groups = append(m.groups, group)
		}
		m.fields = append(m.fields, memberOf{def: d, group: group, name: name})
	}
	return m
}

// entityValue returns an entity as expressions see it. A text that no source claims is "", a list is empty, an amount
// or a number is nil. Nothing in it shares memory with the entity, whose bytes may belong to a transaction.
func entityValue(e *Entity, m *members) map[string]any {
	out := make(map[string]any, len(m.fields)+3)
	out["id"] = e.ID
	for _, group := range m.groups {
		out[group] = map[string]any{}
	}
	for i := range m.fields {
		f := &m.fields[i]
		in := out
		if f.group != "" {
			in = out[f.group].(map[string]any)
		}
		in[f.name] = goValue(f.def.Type, e.Golden.Get(f.def.Name))
	}
	if m.custom {
		out["custom"] = customs(&e.Golden, canonical.Custom)
	}
	if m.attr {
		out["attr"] = customs(&e.Golden, canonical.Attr)
	}
	if m.address {
		out["address"] = addressOf(e.Golden.Get("addresses"))
	}
	if m.subscribed {
		out[subscribed] = subscribedOf(e)
	}
	if m.label {
		out[Label] = label(e)
	}
	return out
}

// customs returns the custom attributes whose names begin with prefix, without their tags. A name with a dot is nested:
// custom.hubspot.tier.
func customs(g *identity.Golden, prefix string) map[string]any {
	m := map[string]any{}
	for _, f := range g.Fields {
		name, ok := strings.CutPrefix(f.Name, prefix)
		if !ok || canonical.IsNull(f.Value) {
			continue
		}
		in := m
		if vendor, rest, nested := strings.Cut(name, "."); nested {
			inner, ok := m[vendor].(map[string]any)
			if !ok {
				inner = map[string]any{}
				m[strings.Clone(vendor)] = inner
			}
			in, name = inner, rest
		}
		tag, value := canonical.ReadTyped(f.Value)
		if tag == "" {
			value = f.Value
		}
		in[strings.Clone(name)] = jsonValue(gjson.ParseBytes(value))
	}
	return m
}

// addressOf returns the first address as rules read it; the country by its English name, as people do.
func addressOf(value []byte) map[string]any {
	var list []canonical.Address
	if value != nil {
		list = canonical.Read[[]canonical.Address](value)
	}
	if len(list) == 0 {
		list = make([]canonical.Address, 1)
	}
	a := &list[0]
	return map[string]any{"street": a.Street(), "locality": a.Locality, "region": a.Region, "postcode": a.Postcode,
		"country": canonical.CountryName(a.Country), "formatted": a.Formatted}
}

// goValue converts a claim in normal form.
func goValue(t canonical.Type, value []byte) any {
	switch t {
	case canonical.Integer:
		if value == nil {
			return nil
		}
		return int(gjson.ParseBytes(value).Int())
	case canonical.Bool:
		return string(value) == "true"
	case canonical.Money:
		if value == nil {
			return nil
		}
		return jsonValue(gjson.ParseBytes(value))
	case canonical.Email, canonical.Phone, canonical.Stages, canonical.Domain, canonical.Refs, canonical.Strings:
		if value == nil {
			return []any{}
		}
		return complete(t, jsonValue(gjson.ParseBytes(value)))
	}
	switch {
	case t.IsMap() && value == nil:
		return map[string]any{}
	case t.IsMap():
		return jsonValue(gjson.ParseBytes(value))
	case t.IsList() && value == nil:
		return []any{}
	case t.IsList():
		return complete(t, jsonValue(gjson.ParseBytes(value)))
	}
	return text(value)
}

// text returns a copy of a JSON string's content.
func text(value []byte) string {
	if len(value) < 2 {
		return ""
	}
	for _, c := range value[1 : len(value)-1] {
		if c == '\\' {
			return gjson.ParseBytes(value).String()
		}
	}
	return string(value[1 : len(value)-1])
}

// jsonValue converts JSON in normal form, whose numbers are whole. ParseBytes has copied the bytes.
func jsonValue(r gjson.Result) any {
	switch {
	case r.Type == gjson.Number:
		return int(r.Int())
	case r.IsArray():
		list := []any{}
		r.ForEach(func(_, e gjson.Result) bool {
			list = append(list, jsonValue(e))
			return true
		})
		return list
	case r.IsObject():
		m := map[string]any{}
		r.ForEach(func(key, e gjson.Result) bool {
			m[key.Str] = jsonValue(e)
			return true
		})
		return m
	}
	return r.Value()
}

// complete gives the elements of a list the members that their normal form leaves out.
func complete(t canonical.Type, list any) any {
	var texts, marks []string
	switch t {
	case canonical.Email:
		texts, marks = []string{"display", "type", "status", "bounced_at"}, []string{"primary", "verified", "shared"}
	case canonical.Phone:
		texts, marks = []string{"e164", "ext", "type"}, []string{"primary", "shared"}
	case canonical.Stages:
		texts, marks = []string{"kind", "probability"}, []string{"closed", "won"}
	}
	elements, _ := list.([]any)
	for _, e := range elements {
		m, ok := e.(map[string]any)
		if !ok {
			continue
		}
		for _, p := range canonical.Parts(t) {
			if m[p.Name] == nil {
				m[p.Name] = goValue(p.Type, nil)
			}
		}
		for _, name := range texts {
			if m[name] == nil {
				m[name] = ""
			}
		}
		for _, name := range marks {
			if m[name] == nil {
				m[name] = false
			}
		}
	}
	return list
}

// label returns what one calls an entity: its name, else what comes closest, else its id.
func label(e *Entity) string {
	for _, name := range labels[e.Kind] {
		if s := text(e.Golden.Get(name)); s != "" {
			return s
		}
	}
	if e.Kind == canonical.Person {
		if both := strings.TrimSpace(text(e.Golden.Get("name.given")) + " " + text(e.Golden.Get("name.family"))); both != "" {
			return both
		}
	}
	if emails := e.Golden.Get("emails"); emails != nil {
		return gjson.GetBytes(emails, "0.address").String()
	}
	if domains := e.Golden.Get("domains"); domains != nil {
		return gjson.GetBytes(domains, "0").String()
	}
	return e.ID
}

// labels are the fields that name an entity of each kind, best first.
var labels = map[canonical.Kind][]string{
	canonical.Person: {"name.full"}, canonical.Organization: {"name"}, canonical.Deal: {"name"}, canonical.Ticket: {"subject"},
	canonical.Owner: {"name", "email"}, canonical.Pipeline: {"name"}, canonical.Interaction: {"subject", "snippet", "kind"},
	canonical.Transaction: {"number", "product", "kind"}, canonical.Campaign: {"name", "subject"}, canonical.Audience: {"name"},
	canonical.Membership: {"status"}, canonical.Consent: {"email", "phone", "status"}, canonical.Task: {"title"},
	canonical.Goal: {"name", "metric"}, canonical.Spend: {"channel", "kind"},
}

// sourcesOf lists the live records of an entity with their pages at the vendors.
func sourcesOf(e *Entity) []any {
	list := make([]any, 0, len(e.Refs))
	for _, ref := range e.Refs {
		ref = strings.Clone(ref)
		connection, rest, _ := strings.Cut(ref, "/")
		object, id, ok := strings.Cut(rest, "/")
		if ok {
			list = append(list, map[string]any{"ref": ref, "connection": connection, "object": object, "id": id, "url": pageOf(e, ref)})
		}
	}
	return list
}

func pageOf(e *Entity, ref string) string {
	for i := range e.Golden.Sources {
		if s := &e.Golden.Sources[i]; s.Live && s.Ref == ref && s.Profile != nil {
			return text(s.Profile.Get("url"))
		}
	}
	return ""
}
