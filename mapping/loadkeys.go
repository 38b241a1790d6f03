package mapping

import (
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// common reads the keys that every type has.
func (l *loader) common(n *tree.Node, p *pick) {
	if v := n.Get("split"); v != nil && v.IsText(&l.report, "split") {
		if p.split = v.Text; p.split == "" {
			l.report.Addf(v.Pos, "the separator is empty")
		}
	}
	if v := n.Get("values"); v != nil && v.IsMap(&l.report, "values") {
		p.values = make(map[string]string, len(v.Entries))
		for _, e := range v.Entries {
			if e.Value.IsText(&l.report, "the translation of "+e.Key) {
				p.values[e.Key] = e.Value.Text
			}
		}
	}
	if v := n.Get("as"); v != nil && v.IsText(&l.report, "as") && l.report.Known(v.Pos, "a way to take a value", v.Text, []string{"text"}) {
		p.asText = true
	}
}

// typed reads the keys that only some types have; which are allowed keysOf says.
func (l *loader) typed(n *tree.Node, f *field, p *pick) {
	for _, e := range n.Entries {
		v := e.Value
		switch e.Key {
		case "ref":
			l.ref(v, p)
		case "currency":
			l.currency(v, p)
		case "scale":
			l.scale(v, p)
		case "unit":
			p.seconds = v.IsText(&l.report, "unit") && l.report.Known(v.Pos, "a unit of time", v.Text, []string{"s", "ms"}) && v.Text == "s"
		case "zone":
			l.zone(v, p)
		case "type":
			if v.IsText(&l.report, "type") && f.def.Type != canonical.Typed {
				p.element = canonical.CleanToken(v.Text)
			}
		case "status":
			if v.IsText(&l.report, "status") && l.report.Known(v.Pos, "a status of addresses", v.Text, []string{"ok", "bounced", "unsubscribed", "unknown"}) {
				p.status = v.Text
			}
		case "bounced":
			p.bounced = l.path(v)
		case "calendar":
			if v.IsText(&l.report, "calendar") && l.report.Known(v.Pos, "a calendar", v.Text, canonical.Calendars()) {
				p.options.Calendar = canonical.Calendar(v.Text)
			}
		case "region":
			l.region(v, p)
		case "primary":
			p.primary = v.Bool(&l.report, "primary")
		case "verified":
			p.verified = v.Bool(&l.report, "verified")
		case "shared":
			p.shared = v.Bool(&l.report, "shared")
		case "stage":
			l.stage(v, p)
		}
	}
}

func (l *loader) ref(n *tree.Node, p *pick) {
	if n.Kind == tree.Map {
		l.refs(n, p)
		return
	}
	if !n.IsText(&l.report, "ref") {
		return
	}
	if variable, ok := strings.CutPrefix(n.Text, "$"); ok && plainName(variable) {
		p.ref = &target{variable: variable}
		return
	}
	connector, name, foreign := strings.Cut(n.Text, ":")
	if !foreign {
		connector, name = "", n.Text
	}
	if name == "" || foreign && connector == "" || strings.ContainsAny(n.Text, "/\"\\\n ") {
		l.report.Addf(n.Pos, "%q is not an object, nor connector:Object", n.Text)
		return
	}
	p.ref = &target{connector: connector, object: name}
}

// refs reads `{"003": Contact, "00Q": Lead}`: a vendor's ids tell by their beginning which object they are of.
func (l *loader) refs(n *tree.Node, p *pick) {
	by := map[string]string{}
	for _, e := range n.Entries {
		if !e.Value.IsText(&l.report, "the object of "+e.Key) {
			continue
		}
		if e.Value.Text == "" || strings.ContainsAny(e.Value.Text, ":/\"\\\n ") {
			l.report.Addf(e.Value.Pos, "%q is not an object", e.Value.Text)
		}
		for other := range by {
			if strings.HasPrefix(other, e.Key) || strings.HasPrefix(e.Key, other) {
				l.report.Addf(e.Pos, "an id that begins with %q may begin with %q, too", e.Key, other)
			}
		}
		by[e.Key] = e.Value.Text
	}
	p.ref = &target{by: by}
}

func (l *loader) currency(n *tree.Node, p *pick) {
	if !n.IsText(&l.report, "currency") {
		return
	}
	if _, code, err := canonical.CleanMoney("0", n.Text); err == nil && code == n.Text {
		p.options.Currency = code
		return
	}
	p.currency = l.path(n)
}

// region reads a country, by its code of two capital letters, or the path of one.
func (l *loader) region(n *tree.Node, p *pick) {
	if !n.IsText(&l.report, "region") {
		return
	}
	if code, err := canonical.CleanCountry(n.Text); err == nil && code == n.Text {
		p.options.Country = code
		return
	}
	p.region = l.path(n)
}

func (l *loader) scale(n *tree.Node, p *pick) {
	if n.Kind == tree.Scalar {
		digits, err := canonical.CleanDecimal(n.Text)
		switch {
		case err != nil:
		case strings.HasPrefix(digits, "0."):
			if strings.TrimLeft(digits[2:], "0") == "1" {
				p.scale = -len(digits[2:])
				return
			}
		case strings.TrimRight(digits, "0") == "1":
			p.scale = len(digits) - 1
			return
		}
	}
	l.report.Addf(n.Pos, "scale must be a power of ten, 100 or 0.01")
}

func (l *loader) zone(n *tree.Node, p *pick) {
	if !n.IsText(&l.report, "zone") {
		return
	}
	zone, err := zoneOf(n.Text)
	if err != nil || n.Text == "Local" {
		l.report.Addf(n.Pos, "%q is not an IANA time zone such as Europe/Zagreb", n.Text)
		return
	}
	p.options.Zone = zone
}

// stage reads the paths within one stage. They do not go through the index: stages are few.
func (l *loader) stage(n *tree.Node, p *pick) {
	if !n.IsMap(&l.report, "stage") {
		return
	}
	s := &stagePaths{}
	places := map[string]**path{"id": &s.id, "name": &s.name, "order": &s.order, "probability": &s.probability, "closed": &s.closed, "won": &s.won,
		"forecast": &s.forecast, "kind": &s.kind}
	n.Only(&l.report, "stage", "id", "name", "order", "probability", "closed", "won", "forecast", "kind")
	for _, e := range n.Entries {
		place := places[e.Key]
		if place == nil || !e.Value.IsText(&l.report, "the path of "+e.Key) {
			continue
		}
		one, column, err := parsePath(e.Value.Text)
		if err != nil {
			l.report.Addf(e.Value.Inside(1, column), "%v", err)
			continue
		}
		*place = &one
	}
	if s.id == nil || s.name == nil {
		l.report.Addf(n.Pos, "stage needs at least the paths of id and name")
		return
	}
	p.stage = s
}
