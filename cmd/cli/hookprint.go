package cli

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"
	"text/tabwriter"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/register"
)

// hookReport is what a command about webhooks says of one connection.
type hookReport struct {
	Connection string     `json:"connection"`
	Vendor     string     `json:"vendor"`
	Address    string     `json:"address,omitempty"` // without a secret
	Hooks      []hookLine `json:"webhooks,omitempty"`
	Strangers  int        `json:"of_others,omitempty"` // left alone
	ByHand     []string   `json:"by_hand,omitempty"`
	Advice     string     `json:"advice,omitempty"` // about what no command puts right
	Error      string     `json:"error,omitempty"`

	removing bool
}

// hookLine is one subscription and what is to be done about it, or was.
type hookLine struct {
	About  string   `json:"about,omitempty"`
	ID     string   `json:"id,omitempty"`
	State  string   `json:"state"`
	Do     string   `json:"do"`
	Why    string   `json:"why,omitempty"`
	URL    string   `json:"url"` // a secret in it is ***
	Events []string `json:"events,omitempty"`
	Done   bool     `json:"done"`
	Error  string   `json:"error,omitempty"`
}

func (r *hookReport) empty() bool {
	return len(r.Hooks) == 0 && r.Strangers == 0 && len(r.ByHand) == 0 && r.Error == "" && r.Address == ""
}

// take fills in what was found, or what was done.
func (r *hookReport) take(one hookAccount, f register.Found, done []register.Outcome) {
	r.Strangers = f.Strangers
	if done == nil {
		for _, s := range f.Steps {
			done = append(done, register.Outcome{Step: s})
		}
		defer func() {
			for i := range r.Hooks {
				r.Hooks[i].Done = r.Hooks[i].Do == string(register.Keep)
			}
		}()
	}
	for _, o := range done {
		s := o.Have
		if o.Do == register.Create {
			s = o.Want
		}
		l := hookLine{About: s.About, ID: s.ID, State: string(s.State), Do: string(o.Do), Why: o.Why, URL: one.shown(s.URL), Events: s.Events, Done: o.Err == nil}
		if o.Do == register.Create {
			l.State = "missing"
		}
		if r.removing { // somebody wants it so
			l.Why = ""
		}
		if s.Why != "" {
			l.Why = strings.TrimPrefix(l.Why+": "+s.Why, ": ")
		}
		if l.About == "" {
			l.About = o.Want.About
		}
		if o.Err != nil {
			l.Error = o.Err.Error()
		}
		r.Hooks = append(r.Hooks, l)
		if o.Do == register.Keep && o.Why != "" && !r.removing {
			r.Advice = r.advice(s.State)
		}
	}
}

// advice says what a person can do about what no command puts right.
func (r *hookReport) advice(state connectors.SubscriptionState) string {
	const goesOn = " Polling goes on meanwhile, and what was missed is read again by itself."
	if state == connectors.SubscriptionSilent {
		return fmt.Sprintf("%s does not say whether it delivers. Look at the webhook on its pages: it may be off there. If so, `millrace webhook remove %s`, "+
			"then `register`, makes a new one. If it is on, %s may not be reachable.", r.Vendor, r.Connection, r.Address) + goesOn
	}
	return fmt.Sprintf("%s delivers to %s, and is not always answered 2xx. What the receiver refused is in the daemon's log and in "+
		"millrace_webhook_requests_total; what is in neither was stopped before it: look at the proxy, its certificate and the firewall.", r.Vendor, r.Address) + goesOn
}

// shown is an address without what may be secret in it: the end of ours, where the path is the proof, and all but the host of
// one that is not ours.
func (one hookAccount) shown(address string) string {
	if address == "" {
		return "-"
	}
	if !one.Place.Holds(address) {
		u, err := url.Parse(address)
		if err != nil {
			return "***"
		}
		return u.Scheme + "://" + u.Host + "/***"
	}
	if i := strings.LastIndexByte(address, '/'); one.secretPath && i >= len(strings.TrimRight(one.Place.Address, "/")) {
		return address[:i+1] + "***"
	}
	return address
}

// hookWords say what a step does, before and after.
var hookWords = map[register.Action][2]string{
	register.Keep: {"nothing", "nothing"}, register.Create: {"create", "created"}, register.Change: {"change", "changed"},
	register.Replace: {"delete and create", "created anew"}, register.Learn: {"ask for its secret", "secret kept"}, register.Remove: {"delete", "deleted"},
}

func (a *app) printHooks(reports []hookReport, job hookJob) {
	if a.json {
		if reports == nil {
			reports = []hookReport{}
		}
		writeJSON(a.out, reports)
		return
	}
	t := tabwriter.NewWriter(a.out, 0, 4, 2, ' ', 0)
	heading := "DONE"
	if job.dry {
		heading = "TO DO"
	}
	for i, line := range tableOf(reports, job) {
		if i == 0 {
			fmt.Fprintf(t, "CONNECTION\tOF\tADDRESS\tSTATE\t%s\tWHY\n", heading)
		}
		fmt.Fprintln(t, line)
	}
	_ = t.Flush()
	for _, r := range reports {
		if r.Strangers > 0 {
			fmt.Fprintf(a.out, "%s: %s of others, left alone\n", r.Connection, plural(r.Strangers, "webhook"))
		}
		if r.Advice != "" {
			fmt.Fprintf(a.out, "%s: %s\n", r.Connection, r.Advice)
		}
		if len(r.ByHand) > 0 {
			fmt.Fprintf(a.out, "%s has to be set up by hand:\n  %s\n", r.Connection, strings.Join(r.ByHand, "\n  "))
		}
		if len(r.Hooks)+len(r.ByHand) == 0 && r.Error == "" {
			fmt.Fprintf(a.out, "%s: nothing\n", r.Connection)
		}
	}
}

// tableOf returns the rows of the table.
func tableOf(reports []hookReport, job hookJob) (rows []string) {
	for _, r := range reports {
		for _, l := range r.Hooks {
			rows = append(rows, strings.Join([]string{r.Connection, cmp.Or(printable(l.About), "everything"), l.URL, l.State,
				l.word(job.dry), cmp.Or(printable(l.Why), "-")}, "\t"))
		}
	}
	return rows
}

// word says what is to be done, or what was.
func (l hookLine) word(dry bool) string {
	words := hookWords[register.Action(l.Do)]
	switch {
	case dry:
		return words[0]
	case l.Error != "":
		return "failed to " + words[0]
	}
	return words[1]
}
