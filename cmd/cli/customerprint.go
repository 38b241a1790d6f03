package cli

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

// How many lines a section has without --all, so that a customer fits a screen.
const (
	screenful = 6
	shortList = 3
)

// hiddenFields are shown elsewhere on the page: names make its head, pages stand beside the records.
var hiddenFields = []string{"url", "created"}

func (a *app) printCustomer(rep *customerReport, all bool) {
	fmt.Fprintf(a.out, "%s  %s  %s\n", printable(rep.Label), rep.Kind, rep.ID)
	if rep.MovedFrom != "" {
		fmt.Fprintf(a.out, "%s became part of this one\n", rep.MovedFrom)
	}
	if rep.Deleted {
		fmt.Fprintln(a.out, "All its records are deleted; its id stays for when one comes back.")
	}
	p := &page{app: a, all: all}
	p.state(rep)
	p.consent(rep.Consent)
	p.fields(rep)
	p.members(rep.Members)
	for _, kind := range slices.Sorted(maps.Keys(rep.ReferredBy)) {
		p.briefs(manyOf(kind), rep.ReferredBy[kind])
	}
	p.timeline(rep.Timeline)
	p.shown(rep.Shown, rep.Waiting)
	p.pairs("to review", rep.Review)
	p.decisions(rep.Decisions)
}

// manyOf is the plural of a kind.
func manyOf(kind string) string {
	if kind == string(canonical.Person) {
		return "people"
	}
	return kind + "s"
}

// page prints sections of which each fits its share of a screen.
type page struct {
	*app
	all bool
}

// section prints a title and rows.
func (p *page) section(title string, rows [][]string) { p.atMost(screenful, title, rows) }

// atMost prints a title and so many rows.
func (p *page) atMost(most int, title string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	fmt.Fprintf(p.out, "\n%s\n", title)
	t := table{indent: "  "}
	left := 0
	if !p.all && len(rows) > most+1 { // one more takes the place of the line that says so
		rows, left = rows[:most], len(rows)-most
	}
	for _, row := range rows {
		t.row(row...)
	}
	t.write(p.out, p.columns)
	if left > 0 {
		fmt.Fprintf(p.out, "  … and %d more (--all)\n", left)
	}
}

// state prints how far the customer has come on one line; with --all also why.
func (p *page) state(rep *customerReport) {
	st := rep.State
	if st == nil {
		return
	}
	stage := cmp.Or(st.Stage, "no stage")
	if !st.Since.IsZero() {
		stage += " since " + st.Since.UTC().Format(time.DateOnly)
	}
	said := append([]string{stage, "category " + st.Category, "temperature " + st.Temperature, "journey " + st.Journey}, rep.Categories...)
	fmt.Fprintln(p.out, printable(strings.Join(said, " · ")))
	if !p.all {
		return
	}
	var rows [][]string
	for _, r := range st.Why {
		rows = append(rows, []string{r.Stage, instant(r.At), r.What, r.Source})
	}
	p.section("how far it has come", rows)
}

func (p *page) fields(rep *customerReport) {
	var rows [][]string
	for _, f := range rep.Fields {
		if !p.all && slices.Contains(hiddenFields, f.Field) {
			continue
		}
		from := f.Source
		if n := len(f.Lost); n > 0 {
			from += fmt.Sprintf(" (%d other)", n)
		}
		value := valueText(f.Value)
		if to := rep.RefersTo[f.Field]; len(to) > 0 {
			value = named(to)
		}
		if !p.all {
			value = shorten(value, p.valueColumns())
		}
		rows = append(rows, []string{f.Field, value, from})
	}
	p.atMost(2*screenful, "golden record", rows)
}

// named says who is referred to.
func named(list []brief) string {
	var texts []string
	for _, b := range list {
		texts = append(texts, b.Label+" "+b.ID)
	}
	return printable(strings.Join(texts, ", "))
}

// valueColumns is the share of a line that a value may take.
func (p *page) valueColumns() int {
	if p.columns == 0 {
		return 60
	}
	return max(p.columns/2, 20)
}

func (p *page) members(members []memberReport) {
	var rows [][]string
	for _, m := range members {
		state := "live"
		switch {
		case m.Into != "":
			state = "merged into " + m.Into
		case m.Deleted != "":
			state = "deleted (" + m.Deleted + ")"
		}
		if m.Dead {
			state += ", a newer version is a dead letter"
		}
		rows = append(rows, []string{m.Ref, instant(m.Version), state, m.URL})
	}
	p.atMost(shortList, plural(len(members), "record"), rows)
}

func (p *page) briefs(title string, list []brief) {
	var rows [][]string
	for _, b := range list {
		said := strings.Join(slices.DeleteFunc([]string{b.Status, b.Amount}, func(s string) bool { return s == "" }), ", ")
		rows = append(rows, []string{b.ID, shorten(b.Label, p.valueColumns()), said})
	}
	p.atMost(shortList, fmt.Sprintf("%s (%d)", title, len(rows)), rows)
}

func (p *page) timeline(list []moment) {
	var rows [][]string
	for _, m := range list {
		rows = append(rows, []string{m.At.UTC().Format(time.DateTime), m.What, m.Label})
	}
	p.atMost(screenful, "timeline", rows)
}

func (p *page) shown(list []shownReport, waiting []string) {
	var rows [][]string
	for _, s := range list {
		state := "open"
		switch {
		case s.InDoubt:
			state = "being written"
		case s.Closed:
			state = "closed"
		}
		if s.Former != "" {
			state += " (" + s.Former + ")"
		}
		where := strings.Trim(s.Project+" / "+s.Section, " /")
		rows = append(rows, []string{s.Target, state, s.Link, shorten(printable(s.Title), p.valueColumns()), where})
	}
	p.atMost(shortList, "shown", rows)
	if len(waiting) > 0 {
		fmt.Fprintf(p.out, "  the newest is still to be shown by %s\n", strings.Join(waiting, ", "))
	}
}

func (p *page) pairs(title string, list []pairReport) {
	var rows [][]string
	for _, r := range list {
		rows = append(rows, []string{r.Code, r.A, r.B, r.Rule, percent(r.Probability), r.Refused})
	}
	p.atMost(shortList, title, rows)
}

func (p *page) decisions(list []ledger.Decision) {
	var rows [][]string
	for _, d := range list {
		word := "not the same"
		if d.Same {
			word = "the same"
		}
		rows = append(rows, []string{d.A, d.B, word, instant(d.At), d.By, d.Why})
	}
	p.atMost(shortList, "decisions", rows)
}

// percent writes a probability; near certainty keeps its digits.
func percent(p float64) string {
	switch {
	case p == 0:
		return ""
	case p >= 0.9999 && p < 1:
		return "> 99.99 %"
	case p > 0.99 && p < 1:
		return strconv.FormatFloat(p*100, 'f', 2, 64) + " %"
	}
	return strconv.FormatFloat(p*100, 'f', 0, 64) + " %"
}
