package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/router"
	"github.com/millrace/millrace/router/ledger"
)

// drainGrace is how long what was begun may take to end after a stop was asked for.
const drainGrace = 20 * time.Second

func (a *app) backfillCmd() *cobra.Command {
	var scope router.Scope
	var since string
	var giveUp time.Duration
	var force bool
	cmd := &cobra.Command{
		Use:   "backfill",
		Short: "Read everything once and show it in the project tool, then end",
		Long: `Reads the chosen streams up to now, shows the result in the project tool and ends. Stopped at any
moment, the next run goes on where it was. Beside a running daemon the daemon does the work.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var from time.Time
			if since != "" {
				var err error
				if from, err = parseSince(since, time.Now()); err != nil {
					return withCode(exitConfig, err)
				}
			}
			return a.withHub(cmd.Context(), hubOptions{force: force, scope: scope}, func(ctx context.Context, h *hub) error {
				if err := checkScope(h.cfg, scope); err != nil {
					return withCode(exitConfig, err)
				}
				return a.backfill(ctx, h, scope, from, giveUp, force)
			})
		},
	}
	f := cmd.Flags()
	f.StringSliceVar(&scope.Connections, "connection", nil, "only these connections")
	f.StringSliceVar(&scope.Streams, "stream", nil, "only these streams")
	f.StringVar(&since, "since", "", "read again what changed since then (2026-11-01, 2026-11-01T08:00:00Z, or 72h)")
	f.DurationVar(&giveUp, "give-up", 0, "end with exit code 3 after this long instead of waiting (0 = wait for ever)")
	f.BoolVar(&force, "force", false, "lift the guard that keeps a run from closing more than a tenth of the items")
	return cmd
}

// parseSince reads a date, an instant, or a duration before now.
func parseSince(text string, now time.Time) (time.Time, error) {
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	if d, err := time.ParseDuration(text); err == nil && d > 0 {
		return now.Add(-d), nil
	}
	return time.Time{}, fmt.Errorf("--since %q is neither a date (2026-11-01), an instant (RFC 3339) nor a duration (72h)", text)
}

func (a *app) backfill(ctx context.Context, h *hub, scope router.Scope, since time.Time, giveUp time.Duration, force bool) error {
	begun, before := time.Now(), h.router.Tally()
	work, cancel := ctx, context.CancelFunc(func() {})
	if giveUp > 0 {
		work, cancel = context.WithTimeout(ctx, giveUp)
	}
	defer cancel()
	stop := func() error { return nil }
	if a.within == nil { // other commands find us and join, as they would join a daemon
		quit, err := serveSocket(ctx, h.cfg.Data, a.runCommand(h))
		if err != nil {
			return withCode(exitUnreachable, err)
		}
		defer quit()
		stop = h.start(ctx)
	}
	if force {
		defer h.router.LiftGuard()()
	}
	if err := h.rewind(work, scope, since); err != nil {
		return errors.Join(err, stop())
	}
	show := a.follow(h, before)
	err := h.router.Backfill(work, scope)
	show()
	if stopped := stop(); err == nil {
		err = stopped
	}
	if giveUp > 0 && errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		err = withCode(exitUnreachable, fmt.Errorf("gave up after %s: %s", giveUp, h.whatIsLeft(ctx)))
	}
	if err != nil {
		return err
	}
	return a.summary(ctx, h, h.router.Tally().Sub(before), time.Since(begun))
}

// start runs the router in the background; the returned function stops it and waits.
func (h *hub) start(ctx context.Context) func() error {
	run, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- h.router.Run(run, drainGrace) }()
	return func() error {
		cancel()
		return <-ended
	}
}

// rewind sets streams back so that what changed since an instant is read again.
func (h *hub) rewind(ctx context.Context, scope router.Scope, since time.Time) error {
	if since.IsZero() {
		return nil
	}
	return h.router.Rewind(ctx, scope, since)
}

// whatIsLeft says in one sentence why a backfill is not done.
func (h *hub) whatIsLeft(ctx context.Context) string {
	var parts []string
	if streams, err := h.ledger.Streams(ctx); err == nil {
		parts = append(parts, failures(h.read(streams))...)
	}
	if problems, err := h.router.Problems(ctx); err == nil {
		parts = append(parts, problems...)
	}
	totals, err := h.ledger.Totals(ctx)
	if err != nil {
		return err.Error()
	}
	for target, n := range totals.Dirty {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%s does not show %d changes yet", target, n))
		}
	}
	if len(parts) == 0 {
		return "streams are still being read; run it again to go on"
	}
	return strings.Join(parts, "; ")
}

// failures says which streams fail now; streams that fail alike are named together.
func failures(streams []ledger.Stream) []string {
	why := map[string][]string{}
	for _, s := range streams {
		if s.Failure.Attempts > 0 {
			cause := s.Connection + " cannot be read: " + cause(s.Failure.Error)
			why[cause] = append(why[cause], s.Stream)
		}
	}
	var list []string
	for cause, names := range why {
		slices.Sort(names)
		list = append(list, fmt.Sprintf("%s (%s)", cause, strings.Join(names, ", ")))
	}
	slices.Sort(list)
	return list
}

// cause is a stored error without the operation it begins with and the vendor's trace it ends with.
func cause(text string) string {
	if _, rest, ok := strings.Cut(text, ": "); ok {
		text = rest
	}
	text, _, _ = strings.Cut(text, " [")
	return text
}

// summaryLine is the result of a backfill and of `demo --once`.
type summaryLine struct {
	Records   recordCounts     `json:"records"`
	Customers int64            `json:"customers"`
	Items     itemCounts       `json:"work_items"`
	Missing   *int             `json:"missing,omitempty"`
	Doubles   *int             `json:"duplicates,omitempty"`
	Held      map[string]int64 `json:"held,omitempty"`
	Calls     map[string]int64 `json:"api_calls"`
	Seconds   float64          `json:"seconds"`
}

type recordCounts struct {
	Read      int64 `json:"read"`
	Applied   int64 `json:"applied"`
	Unchanged int64 `json:"unchanged"`
	Stale     int64 `json:"stale"`
	Filtered  int64 `json:"filtered"`
	Dead      int64 `json:"dead"`
}

// fates says in words what became of the records; those that nothing became of are left out where that says enough.
func (n recordCounts) fates() string {
	text := fmt.Sprintf("%d applied, %d unchanged", n.Applied, n.Unchanged)
	if n.Stale > 0 {
		text += fmt.Sprintf(", %d older than what is known", n.Stale)
	}
	if n.Filtered > 0 {
		text += fmt.Sprintf(", %d filtered by rules of the mappings", n.Filtered)
	}
	return text + fmt.Sprintf(", %d dead", n.Dead)
}

type itemCounts struct {
	Created int64 `json:"created"`
	Updated int64 `json:"updated"`
	Closed  int64 `json:"closed"`
	Dead    int64 `json:"dead"`
}

// summarize collects the figures of a run.
func (h *hub) summarize(ctx context.Context, t router.Tally, took time.Duration) (summaryLine, error) {
	totals, err := h.ledger.Totals(ctx)
	if err != nil {
		return summaryLine{}, err
	}
	s := summaryLine{
		Records: recordCounts{Read: t.Read, Applied: t.Applied, Unchanged: t.Unchanged, Stale: t.Stale, Filtered: t.Filtered,
			Dead: t.Dead},
		Customers: totals.Customers(),
		Items:     itemCounts{Created: t.Created, Updated: t.Updated, Closed: t.Closed, Dead: t.DeadItems},
		Held:      h.router.Held(),
		Calls:     map[string]int64{},
		Seconds:   float64(took.Milliseconds()) / 1000,
	}
	for name, c := range h.conns {
		s.Calls[name] = c.calls()
	}
	return s, nil
}

func (a *app) summary(ctx context.Context, h *hub, t router.Tally, took time.Duration) error {
	s, err := h.summarize(ctx, t, took)
	if err != nil {
		return err
	}
	a.printSummary(s)
	if s.Records.Dead+s.Items.Dead > 0 && !a.json {
		fmt.Fprintln(a.out, "Some records or items need a person: millrace dead list")
	}
	for target, n := range s.Held {
		fmt.Fprintf(a.errOut, "%s: the items of %d entities were not closed: that would be more than a run may close. If they really are gone: millrace backfill --force\n", target, n)
	}
	return nil
}

func (a *app) printSummary(s summaryLine) {
	if a.json {
		writeJSON(a.out, s)
		return
	}
	fmt.Fprintf(a.out, "Read %d records: %s. %d customers.\n", s.Records.Read, s.Records.fates(), s.Customers)
	fmt.Fprintf(a.out, "Wrote %d new items, changed %d, closed %d, in %.1f s.\n", s.Items.Created, s.Items.Updated, s.Items.Closed, s.Seconds)
	if s.Missing != nil {
		fmt.Fprintf(a.out, "Asked the vendors: %d missing, %d twice.\n", *s.Missing, *s.Doubles)
	}
}
