package cli

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/world"
)

// What webhooks are held to: changes a second, and how long one may take from the vendor's store to the project tool's.
const (
	hookPace = 50
	hookP50  = 300 * time.Millisecond
	hookP99  = time.Second
	// hookPatience is how long a change that is not shown is waited for.
	hookPatience = 20 * time.Second
)

// hookCase is one situation in which webhooks are measured.
type hookCase struct {
	name     string
	change   func(*hookDesk, int) error // makes one change, the n-th
	backfill bool                       // the same daemon reads everything again and shows many new customers meanwhile
	alone    bool                       // a receiver of its own stands in front of the hub
}

var hookCases = []hookCase{
	{name: "changed", change: (*hookDesk).edit},
	{name: "new", change: (*hookDesk).create},
	{name: "backfill", change: (*hookDesk).either, backfill: true},
	{name: "alone", change: (*hookDesk).either, alone: true},
}

// hook is the goal of webhooks: changes at two vendors, told by their webhooks at once, until the project tool shows
// them. The daemon is a process of its own; the vendors are in this one, so that one clock sees both ends. Polling rests
// meanwhile.
func (b *bench) hook(ctx context.Context) ([]verdict, error) {
	var list []verdict
	for _, c := range hookCases {
		watch, note, err := b.hookTrial(ctx, c)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.name, err)
		}
		s := watch.sum()
		list = append(list,
			notAbove("p50 ms, "+c.name, milliseconds(s.p50), milliseconds(hookP50), "fetched after %.1f, written after %.1f; %d changes, %d shown with a later one%s",
				milliseconds(s.asked), milliseconds(s.sent), s.changes, s.joined, note),
			notAbove("p99 ms, "+c.name, milliseconds(s.p99), milliseconds(hookP99), "at most %.0f", milliseconds(s.most)),
			notAbove("not shown, "+c.name, float64(s.lost), 0, "after %s", hookPatience))
	}
	return list, nil
}

// hookTrial measures one case with fresh vendors and a fresh ledger.
func (b *bench) hookTrial(ctx context.Context, c hookCase) (watch *hookWatch, note string, err error) {
	watch = &hookWatch{open: map[string][]int{}}
	w, err := world.Start(world.Options{Only: []string{world.HubSpot, world.Zendesk, world.Asana}, Customers: b.count(1000), Seed: 1, Around: watch.around})
	if err != nil {
		return nil, "", err
	}
	defer w.Close()
	watch.tool = w.Asana
	site, err := openHookSite(ctx, w, c.alone)
	if err != nil {
		return nil, "", err
	}
	defer site.close()
	if err := site.catchUp(ctx); err != nil {
		return nil, "", err
	}
	desk := newHookDesk(w, watch)
	during := ctx
	if c.backfill {
		shown, many := w.Asana.Count(), 20*b.count(1000)
		if during, err = desk.besideBackfill(ctx, site, many); err != nil {
			return nil, "", err
		}
		defer func() { note = fmt.Sprintf(", beside %d of %d new customers", w.Asana.Count()-shown, many) }()
	}
	site.subscribe(w)
	if err := desk.work(during, c.change, b.hookFor); err != nil {
		return nil, "", err
	}
	watch.await(ctx, hookPatience)
	return watch, "", desk.audit()
}

// hookSum is what a case came to. Times are since the change.
type hookSum struct {
	changes, joined, lost int
	asked, sent           time.Duration // medians
	p50, p99, most        time.Duration
}

// sum works out the figures; what was never shown counts as having taken the whole patience.
func (w *hookWatch) sum() hookSum {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := hookSum{changes: len(w.made)}
	var asked, sent, shown []time.Duration
	for _, c := range w.made {
		if c.joined {
			s.joined++
		}
		if c.shown.IsZero() {
			s.lost++
			shown = append(shown, hookPatience)
			continue
		}
		asked, sent, shown = append(asked, c.asked.Sub(c.at)), append(sent, c.sent.Sub(c.at)), append(shown, c.shown.Sub(c.at))
	}
	s.asked, s.sent = quantile(asked, 0.5), quantile(sent, 0.5)
	s.p50, s.p99, s.most = quantile(shown, 0.5), quantile(shown, 0.99), quantile(shown, 1)
	return s
}

// quantile returns the smallest value that such a share of the list does not exceed.
func quantile(list []time.Duration, share float64) time.Duration {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[min(len(list)-1, int(share*float64(len(list))))]
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
