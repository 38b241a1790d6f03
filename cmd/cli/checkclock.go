package cli

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/transport"
)

const (
	// clockApart is how far two clocks may be from each other and still agree: servers that are kept by NTP are closer, and
	// answers are sometimes dated when they were begun.
	clockApart = 5 * time.Second
	setClock   = "set it: `timedatectl set-ntp true`, or chrony"
)

// timepiece is a vendor's clock as the answers of a check showed it.
type timepiece struct {
	connection, vendor string
	skew               transport.Skew
	tolerance          connectors.Tolerance
}

// off reports whether our clock is certainly not as the vendor's.
func (p timepiece) off() bool { return p.skew.Mid().Abs()-p.skew.Doubt() > clockApart }

// agrees reports whether two vendors' clocks may be the same.
func (p timepiece) agrees(o timepiece) bool {
	return (p.skew.Mid() - o.skew.Mid()).Abs() <= p.skew.Doubt()+o.skew.Doubt()+clockApart
}

// checkClocks adds to each connection's findings how far our clock is from its vendor's, and tells by those of the others whose
// is wrong. A connection that got no answer, or whose protocol has none, is left out.
func (h *hub) checkClocks(results []checkResult) {
	var pieces []timepiece
	for _, res := range results {
		c := h.conns[res.Connection]
		if skew, ok := c.clock.Skew(); ok {
			pieces = append(pieces, timepiece{res.Connection, c.Connector.Spec.Title, skew, c.Connector.Spec.Clock})
		}
	}
	for i := range results {
		res := &results[i]
		var f finding
		if at := slices.IndexFunc(pieces, func(p timepiece) bool { return p.connection == res.Connection }); at >= 0 {
			f = clockFinding(pieces[at], slices.Delete(slices.Clone(pieces), at, at+1))
		} else if answers, cached := h.conns[res.Connection].clock.Silent(); answers > 0 {
			f = silentFinding(h.conns[res.Connection].Connector.Spec, cached > 0)
		} else {
			continue
		}
		res.Findings, res.OK = append(res.Findings, f), res.OK && f.OK
	}
}

// silentFinding is about a vendor none of whose answers tells the time. Cursors are made of it.
func silentFinding(s connectors.Spec, cached bool) finding {
	f := finding{What: "clock", OK: !slices.Contains(s.Does, connectors.Reads), Warning: true,
		Detail: "answers have no Date header; a proxy may remove it"}
	if cached {
		f.Detail = "answers come out of a cache on the way, which must not keep any"
	}
	if !f.OK {
		f.Detail += ", and nothing can be read without it"
	}
	return f
}

// clockFinding is about one vendor's clock; others are those of the other connections.
func clockFinding(p timepiece, others []timepiece) finding {
	mid, doubt := p.skew.Mid().Round(time.Second), max(p.skew.Doubt().Round(100*time.Millisecond), 100*time.Millisecond)
	f := finding{What: "clock", OK: true, Detail: fmt.Sprintf("%s %s's, give or take %v", aheadOrBehind(mid), p.vendor, doubt)}
	if !p.off() {
		return f
	}
	f.Warning = true
	if most := p.tolerance.Most; most > 0 {
		f.OK = p.skew.Mid().Abs()+p.skew.Doubt() < most
		f.Detail += fmt.Sprintf("; beyond %v %s", most, p.tolerance.Else)
	}
	f.Detail += "; " + whoseClock(p, others)
	return f
}

func aheadOrBehind(d time.Duration) string {
	switch {
	case d > 0:
		return d.String() + " ahead of"
	case d < 0:
		return (-d).String() + " behind"
	}
	return "the same as"
}

// whoseClock says which of two clocks that differ is wrong, as far as the others tell, and what to do.
func whoseClock(p timepiece, others []timepiece) string {
	var same, ours []string // those that agree with the vendor's, and with ours
	for _, o := range others {
		switch {
		case !o.off():
			ours = append(ours, o.connection)
		case p.agrees(o):
			same = append(same, o.connection)
		}
	}
	switch {
	case len(same) > 0 && len(ours) == 0:
		return fmt.Sprintf("so it is with %s, so this machine's clock is wrong; %s", strings.Join(same, " and "), setClock)
	case len(ours) > 0 && len(same) == 0:
		return fmt.Sprintf("this machine's agrees with %s, so %s's clock is wrong, or that of a proxy on the way", strings.Join(ours, " and "), p.vendor)
	case len(ours) > 0:
		return fmt.Sprintf("%s agrees with it and %s with this machine's; look with `timedatectl` whether that is kept", strings.Join(same, " and "), strings.Join(ours, " and "))
	}
	return "look with `timedatectl` whether this machine's clock is kept; if not, " + setClock
}
