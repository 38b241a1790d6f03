package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
)

// historyOptions choose what of a customer's history is printed.
type historyOptions struct {
	field string
	since time.Time
	limit int
}

func (a *app) customerHistoryCmd() *cobra.Command {
	var o historyOptions
	var since string
	cmd := &cobra.Command{
		Use:   "history CUSTOMER",
		Short: "Show what changed of a customer, when, and by which record or person",
		Long: `Newest first. Each change has two times: when the vendor says it was so, and when Millrace learnt of it. Then
come the stays in stages and lifecycle stages, which are kept when a record is deleted. With --json each change and
each stay is one line.

` + customerLong,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if o.since, err = sinceOf(since, time.Now()); err != nil {
				return err
			}
			return a.customerHistory(cmd.Context(), args[0], o)
		}}
	cmd.Flags().StringVar(&o.field, "field", "", "only changes of this field, or of a group such as name")
	cmd.Flags().StringVar(&since, "since", "", "only what was learnt since a date (2026-11-01) or in the last while (72h)")
	cmd.Flags().IntVar(&o.limit, "limit", 50, "at most so many changes (0 = all that are kept)")
	return cmd
}

// sinceOf reads a date, an instant or a duration before now.
func sinceOf(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if d, err := time.ParseDuration(text); err == nil && d >= 0 {
		return now.Add(-d), nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, withCode(exitConfig, fmt.Errorf("--since %q: give a date such as 2026-11-01, an instant such as 2026-11-01T08:00:00Z, or a duration such as 72h", text))
}

// changeReport is one line of `customer history --json` with "type":"change".
type changeReport struct {
	Type       string     `json:"type"`
	Entity     string     `json:"entity"`
	Number     uint64     `json:"number"` // of the transaction, growing
	Recorded   time.Time  `json:"recorded_at"`
	Asserted   time.Time  `json:"asserted_at,omitzero"`
	Cause      string     `json:"cause,omitempty"`
	By         string     `json:"by,omitempty"`
	Why        string     `json:"why,omitempty"`
	MergedFrom []string   `json:"merged_from,omitempty"`
	SplitInto  []string   `json:"split_into,omitempty"`
	SplitFrom  []string   `json:"split_from,omitempty"`
	Into       string     `json:"into,omitempty"`
	Changes    []opReport `json:"changes,omitempty"`
	More       int        `json:"more,omitempty"` // further fields that changed
}

// opReport is what became of one field.
type opReport struct {
	Field  string          `json:"field"`
	Old    json.RawMessage `json:"old,omitempty"`
	New    json.RawMessage `json:"new,omitempty"`
	Source string          `json:"source,omitempty"`
}

// stayReport is one line of `customer history --json` with "type":"stay".
type stayReport struct {
	Type  string    `json:"type"`
	Ref   string    `json:"ref"`
	Field string    `json:"field"`
	Value string    `json:"value"`
	From  time.Time `json:"from"`
	Until time.Time `json:"until,omitzero"` // absent: to this day
	// Lapsed says that the record was deleted since.
	Lapsed bool `json:"lapsed,omitempty"`
}

func (a *app) customerHistory(ctx context.Context, term string, o historyOptions) error {
	var changes []changeReport
	var stays []stayReport
	read := false
	err := a.readCustomer(ctx, term, func(_ *hub, s *ledger.Snap, id string) (err error) {
		read = true
		if kind := canonical.KindOfID(id); o.field != "" && !hasField(kind, o.field) {
			return noField(kind, o.field)
		}
		if changes, err = changesOf(s, id, o); err != nil {
			return err
		}
		stays, err = staysOf(s, id, o)
		return err
	})
	if err != nil || !read {
		return err
	}
	if !a.json {
		a.printHistory(o, changes, stays)
		return nil
	}
	for _, c := range changes {
		writeJSON(a.out, c)
	}
	for _, s := range stays {
		writeJSON(a.out, s)
	}
	return nil
}

// within reports whether a field is the one asked for, or of the group asked for.
func within(field, asked string) bool {
	return asked == "" || field == asked || strings.HasPrefix(field, asked+".")
}

func changesOf(s *ledger.Snap, id string, o historyOptions) ([]changeReport, error) {
	var list []changeReport
	for before := uint64(0); ; {
		log, err := s.Log(id, before, mostLog)
		if err != nil || len(log) == 0 {
			return list, err
		}
		for _, l := range log {
			if l.Recorded.Before(o.since) || o.limit > 0 && len(list) == o.limit {
				return list, nil
			}
			if c := changeOf(l, o.field); o.field == "" || len(c.Changes) > 0 {
				list = append(list, c)
			}
		}
		if len(log) < mostLog {
			return list, nil
		}
		before = log[len(log)-1].Number
	}
}

func changeOf(l ledger.LogEntry, field string) changeReport {
	c := changeReport{Type: "change", Entity: l.Entity, Number: l.Number, Recorded: l.Recorded, Asserted: l.Asserted, Cause: l.Cause, By: l.Actor,
		Why: l.Why, MergedFrom: l.MergedFrom, SplitInto: l.SplitInto, SplitFrom: l.SplitFrom, Into: l.Into, More: l.More}
	for _, op := range l.Ops {
		if within(op.Path, field) {
			c.Changes = append(c.Changes, opReport{Field: op.Path, Old: op.Old, New: op.New, Source: op.Source})
		}
	}
	return c
}

func staysOf(s *ledger.Snap, id string, o historyOptions) ([]stayReport, error) {
	history, err := s.History(id)
	if err != nil {
		return nil, err
	}
	var list []stayReport
	for _, h := range history {
		if within(h.Field, o.field) && (h.Until.IsZero() || !h.Until.Before(o.since)) {
			list = append(list, stayReport{Type: "stay", Ref: h.Ref, Field: h.Field, Value: h.Value, From: h.From, Until: h.Until, Lapsed: h.Lapsed})
		}
	}
	return list, nil
}

func (a *app) printHistory(o historyOptions, changes []changeReport, stays []stayReport) {
	switch {
	case len(changes) > 0:
	case o.field == "" && o.since.IsZero():
		fmt.Fprintln(a.out, "Nothing has changed since it was first read.")
	default:
		fmt.Fprintln(a.out, "No change fits that.")
	}
	for _, c := range changes {
		head := strings.Join(nonEmpty(instant(c.Recorded), c.Cause, prefixed("by ", c.By), c.Why), "  ")
		if !c.Asserted.IsZero() && !c.Asserted.Equal(c.Recorded) {
			head += "  (so since " + instant(c.Asserted) + ")"
		}
		fmt.Fprintln(a.out, printable(head))
		t := table{indent: "  "}
		for _, line := range []struct {
			what string
			ids  []string
		}{{"became one with", c.MergedFrom}, {"came apart into", c.SplitInto}, {"was taken out of", c.SplitFrom},
			{"became part of", nonEmpty(c.Into)}} {
			if len(line.ids) > 0 {
				t.row(line.what, strings.Join(line.ids, ", "))
			}
		}
		for _, op := range c.Changes {
			t.row(op.Field, wasOf(op.Old)+" → "+wasOf(op.New), op.Source)
		}
		t.write(a.out, a.columns)
	}
	a.printStays(stays)
}

func (a *app) printStays(stays []stayReport) {
	var rows [][]string
	for _, s := range stays {
		until := "to this day"
		if !s.Until.IsZero() {
			until = "until " + instant(s.Until)
		}
		if s.Lapsed {
			until += ", deleted since"
		}
		rows = append(rows, []string{s.Ref, s.Field, s.Value, "from " + instant(s.From), until})
	}
	(&page{app: a, all: true}).section("stays", rows)
}

// wasOf is a value of a change in words.
func wasOf(value []byte) string {
	if len(value) == 0 || canonical.IsNull(value) {
		return "(nothing)"
	}
	return shorten(valueText(value), 60)
}

func nonEmpty(texts ...string) []string {
	var list []string
	for _, s := range texts {
		if s != "" {
			list = append(list, s)
		}
	}
	return list
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
