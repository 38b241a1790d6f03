package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sort"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/router/ledger"
)

func (a *app) statusCmd() *cobra.Command {
	counts := false
	cmd := &cobra.Command{
		Use:   "status",
		Short: "Show how far every stream and target is",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withHub(cmd.Context(), hubOptions{offline: !counts}, func(ctx context.Context, h *hub) error {
				return a.status(ctx, h, counts)
			})
		},
	}
	cmd.Flags().BoolVar(&counts, "counts", false, "ask the vendors how many records each stream has, and compare with the ledger")
	return cmd
}

// statusReport is what `status --json` writes.
type statusReport struct {
	Daemon    bool                `json:"daemon"`
	Ready     bool                `json:"ready"`
	Problems  []string            `json:"problems,omitempty"`
	Streams   []streamReport      `json:"streams"`
	Feeds     []feedReport        `json:"feeds,omitempty"`
	Targets   []targetReport      `json:"targets"`
	Quotas    []quotaReport       `json:"quotas"`
	Counts    []countReport       `json:"vendor_counts,omitempty"` // with --counts
	Webhooks  []webhookReport     `json:"webhooks,omitempty"`
	Forwarded *forwardedReport    `json:"forwarded,omitempty"`
	Inbox     ledger.InboxBacklog `json:"inbox,omitzero"`
	Gaps      []ledger.Gap        `json:"gaps,omitempty"`
	Records   map[string]int64    `json:"records"`
	Customers int64               `json:"customers"`
	Dead      int64               `json:"dead"`
	Reviews   int64               `json:"reviews"`           // pairs of records that wait for a person
	Erasing   *erasingReport      `json:"erasing,omitempty"` // absent when no erasure is under way
	Bytes     int64               `json:"ledger_bytes"`
}

// streamReport is a stream with a word for a person on what it does.
type streamReport struct {
	ledger.Stream
	State string `json:"state"`
}

// erasingReport says what is left to do after erasures.
type erasingReport struct {
	Waiting int64     `json:"waiting"` // customers and items that targets still show
	Since   time.Time `json:"since"`   // bytes of what was erased since then are in free pages
}

type targetReport struct {
	Target  string `json:"target"`
	Backlog int64  `json:"backlog"`
	Shown   int64  `json:"shown"`
	Held    int64  `json:"held,omitempty"`
}

func (a *app) status(ctx context.Context, h *hub, counts bool) error {
	rep, err := a.report(ctx, h)
	if err != nil {
		return err
	}
	var uncounted error // of what could not be counted; the rest is shown all the same
	if counts {
		rep.Counts, uncounted = h.counts(ctx, rep)
	}
	if a.json {
		writeJSON(a.out, rep)
		return uncounted
	}
	if err := printStatus(a.out, rep, time.Now()); err != nil {
		return err
	}
	return uncounted
}

func (a *app) report(ctx context.Context, h *hub) (statusReport, error) {
	st, err := h.ledger.Status(ctx)
	if err != nil {
		return statusReport{}, err
	}
	rep := statusReport{Daemon: h.daemon, Streams: h.streams(st.Streams), Gaps: st.Gaps, Records: st.Totals.Live,
		Customers: st.Totals.Customers(), Bytes: st.Store.SizeBytes, Reviews: st.Totals.Reviews, Quotas: h.quotas()}
	for _, n := range st.Totals.Dead {
		rep.Dead += n
	}
	if e, err := h.ledger.Erasing(ctx); err != nil {
		return rep, err
	} else if !e.Since.IsZero() || e.Waiting > 0 {
		rep.Erasing = &erasingReport{Waiting: e.Waiting, Since: e.Since}
	}
	if rep.Feeds, err = h.feeds(ctx); err != nil {
		return rep, err
	}
	if rep.Inbox, err = h.ledger.Inbox(ctx); err != nil {
		return rep, err
	}
	rep.Webhooks, rep.Forwarded = h.hooks.report(), h.hooks.forwarded()
	held := h.router.Held()
	for _, t := range h.cfg.Targets {
		rep.Targets = append(rep.Targets, targetReport{Target: t, Backlog: st.Totals.Dirty[t], Shown: st.Totals.Links[t], Held: held[t]})
	}
	if rep.Problems, err = h.router.Problems(ctx); err != nil {
		return rep, err
	}
	if !h.daemon { // nothing runs: what the last run met is all there is to say
		rep.Problems = append(failures(h.read(st.Streams)), rep.Problems...)
	}
	rep.Ready = len(rep.Problems) == 0
	return rep, nil
}

// streams says of each stream what it does. One that is configured no longer stays in the ledger with its records.
func (h *hub) streams(all []ledger.Stream) []streamReport {
	list := make([]streamReport, len(all))
	for i, s := range all {
		list[i] = streamReport{Stream: s, State: "no longer read: the configuration leaves it out"}
		if h.reads(s) {
			list[i].State = streamState(s)
		}
	}
	return list
}

// read returns the streams that are configured: what the others met is nobody's trouble any more.
func (h *hub) read(all []ledger.Stream) []ledger.Stream {
	return slices.DeleteFunc(slices.Clone(all), func(s ledger.Stream) bool { return !h.reads(s) })
}

// reads reports whether a stream is configured. A connector that does not declare its streams may have any.
func (h *hub) reads(s ledger.Stream) bool {
	c, there := h.cfg.Connection(s.Connection)
	names := streamsOf(c)
	return there && (len(names) == 0 || slices.Contains(names, s.Stream))
}

func printStatus(w io.Writer, rep statusReport, now time.Time) error {
	t := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	fmt.Fprintln(t, "STREAM\tCOMPLETE UP TO\tLAG\tRECORDS\tSTATE")
	for _, s := range rep.Streams {
		fmt.Fprintf(t, "%s/%s\t%s\t%s\t%d\t%s\n", s.Connection, s.Stream.Stream, instant(s.Complete), lag(s.Complete, now), rep.Records[s.Connection+"/"+s.Object], s.State)
	}
	fmt.Fprintln(t)
	printFeeds(t, rep.Feeds)
	printWebhooks(t, rep)
	fmt.Fprintln(t, "TARGET\tSHOWN\tBACKLOG\tHELD BACK")
	for _, r := range rep.Targets {
		fmt.Fprintf(t, "%s\t%d\t%d\t%d\n", r.Target, r.Shown, r.Backlog, r.Held)
	}
	fmt.Fprintln(t)
	fmt.Fprintln(t, "QUOTA\tLIMIT\tRATE\tLEFT\tIN FLIGHT\tUSED\tREFUSED")
	for _, q := range rep.Quotas {
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%d\t%d\t%d\n", q.Connection, q.Limit, q.rate(), q.leftOver(), q.InFlight, q.Used, q.Refused)
	}
	if len(rep.Counts) > 0 {
		printCounts(t, rep.Counts)
	}
	fmt.Fprintf(t, "\n%d customers, %d dead letters, ledger %.1f MB\n", rep.Customers, rep.Dead, float64(rep.Bytes)/1e6)
	if rep.Reviews > 0 {
		fmt.Fprintf(t, "%d pairs of records may be one customer: `millrace customer review list`\n", rep.Reviews)
	}
	if e := rep.Erasing; e != nil {
		fmt.Fprintf(t, "erased customers: %d still to be redacted in targets; `millrace compact` then removes their bytes (a daemon does both)\n", e.Waiting)
	}
	sort.Slice(rep.Gaps, func(i, j int) bool { return rep.Gaps[i].Opened.Before(rep.Gaps[j].Opened) })
	for _, g := range rep.Gaps {
		fmt.Fprintf(t, "gap: %s/%s %s to %s: %s\n", g.Connection, g.Stream, instant(g.From), instant(g.To), g.Reason)
	}
	for _, p := range rep.Problems {
		fmt.Fprintf(t, "problem: %s\n", p)
	}
	return t.Flush()
}

func instant(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

func lag(t, now time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return now.Sub(t).Round(time.Second).String()
}

// streamState says in a few words what a stream is doing.
func streamState(s ledger.Stream) string {
	switch {
	case s.Failure.Attempts > 0:
		return fmt.Sprintf("fails (%d tries): %s", s.Failure.Attempts, s.Failure.Error)
	case !s.Sweep.Done.IsZero() && s.Cursor == "": // a listing, read anew each time
		return "ok, listed " + instant(s.Sweep.Done)
	case s.Progress.IsZero():
		return "not read yet"
	case !s.CaughtUp:
		return "first pass"
	case s.More:
		return "catching up"
	}
	return "ok"
}
