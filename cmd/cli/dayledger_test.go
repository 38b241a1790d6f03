package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox/world"
	"github.com/millrace/millrace/router/ledger"
)

// text is a vendor's value as the simulator keeps it.
func text(v any) string {
	if v == nil {
		return ""
	}
	if f, ok := v.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

func (p *party) ref(at string) connectors.Ref {
	object, id, _ := strings.Cut(at, "/")
	return connectors.Ref{Connection: p.name, Object: object, ID: id}
}

// raw returns what the ledger has of a record.
func raw(s *ledger.Snap, ref connectors.Ref) (gjson.Result, bool, error) {
	data, err := s.Raw(ref)
	if errors.Is(err, ledger.ErrNotFound) {
		return gjson.Result{}, false, nil
	}
	return gjson.ParseBytes(data), err == nil, err
}

var marks = regexp.MustCompile(`~(\d+)~`)

// atLeast reports whether a record was read after the mark was written into it.
func atLeast(record gjson.Result, mark int) bool {
	for _, m := range marks.FindAllStringSubmatch(record.Raw, -1) {
		if n, _ := strconv.Atoi(m[1]); n >= mark {
			return true
		}
	}
	return false
}

// truth looks now and then, until ctx ends, whether what the streams say they are complete to is true: whatever was changed
// before that by the vendor's clock, and is there still, is in the ledger as it was then or later.
func (d *day) truth(ctx context.Context) error {
	dice := newDice(d.seed, 3)
	for wait(ctx, dice.span(time.Minute, 15*time.Minute)) {
		d.site.with(func(h *hub) {
			for _, p := range d.parties {
				d.true(ctx, h, p)
			}
		})
	}
	return nil
}

func (d *day) true(ctx context.Context, h *hub, p *party) {
	states := map[string]ledger.Stream{}
	for _, object := range p.objects {
		state, err := h.ledger.Stream(ctx, p.name, object)
		if err != nil && ctx.Err() == nil {
			d.t.Error(err)
		}
		states[object] = state
	}
	err := h.ledger.Snapshot(ctx, func(s *ledger.Snap) error {
		for object, state := range states {
			until := state.Complete
			for at, e := range p.newest(until, state.Progress) {
				if p.ref(at).Object != object || p.stamp != nil && !p.stamp(object, p.ref(at).ID).Before(until) {
					continue
				}
				record, _, err := raw(s, p.ref(at))
				if err != nil {
					return err
				}
				if !atLeast(record, e.mark) {
					d.t.Errorf("%s/%s says it is complete up to %s, and what was changed at %s is not in the ledger: want %s in\n%s", p.name, at,
						until.Format(time.TimeOnly), e.at.Format(time.TimeOnly), markOf(e.mark), record.Raw)
				}
			}
		}
		return nil
	})
	if err != nil && ctx.Err() == nil {
		d.t.Error(err)
	}
}

// prompt looks, until ctx ends, whether what was written is in the ledger in time.
func (d *day) prompt(ctx context.Context) error {
	worst, all := time.Duration(0), 0
	late := map[*party]int{} // how much of each book is dealt with
	for wait(ctx, time.Second) {
		d.site.with(func(h *hub) {
			err := h.ledger.Snapshot(ctx, func(s *ledger.Snap) error {
				for _, p := range d.parties {
					took, n, err := d.arrived(s, p, late)
					if err != nil {
						return err
					}
					worst, all = max(worst, took), all+n
				}
				return nil
			})
			if err != nil && ctx.Err() == nil {
				d.t.Error(err)
			}
		})
	}
	if d.t.Logf("%d changes were there after %v at the latest", all, worst); all < 100 {
		d.t.Error("too little happened")
	}
	return nil
}

// arrived takes what is in the ledger, or need not be any more, out of the beginning of a book.
func (d *day) arrived(s *ledger.Snap, p *party, done map[*party]int) (took time.Duration, n int, err error) {
	p.mu.Lock()
	book := slices.Clone(p.book[done[p]:])
	p.mu.Unlock()
	for i, e := range book {
		over := e.ref == "" || e.gone || slices.ContainsFunc(book[i:], func(o entry) bool { return o.gone && o.ref == e.ref })
		if !over {
			record, _, err := raw(s, p.ref(e.ref))
			if err != nil {
				return took, n, err
			}
			age := time.Since(e.when)
			if !atLeast(record, e.mark) {
				if age > prompt {
					d.t.Errorf("%s/%s: what was changed %v ago is not in the ledger: want %s in\n%s", p.name, e.ref, age, markOf(e.mark), record.Raw)
					done[p]++
				}
				return took, n, nil
			}
			took, n = max(took, age), n+1
		}
		done[p]++
	}
	return took, n, nil
}

// compare compares the ledger with what the simulators have, of all vendors or of those that are named.
func (d *day) compare(names ...string) (list []string) {
	d.site.with(func(h *hub) {
		totals, err := h.ledger.Totals(context.Background())
		if err == nil {
			err = h.ledger.Snapshot(context.Background(), func(s *ledger.Snap) error {
				for _, p := range d.parties {
					if len(names) > 0 && !slices.Contains(names, p.name) {
						continue
					}
					more, err := p.compare(s, totals)
					if list = append(list, more...); err != nil {
						return err
					}
				}
				return nil
			})
		}
		if err != nil {
			list = append(list, err.Error())
		}
		if names == nil {
			list = append(list, d.shown()...)
		}
		for kind, n := range totals.Dead {
			if n > 0 {
				list = append(list, fmt.Sprintf("%d dead letters of %s", n, kind))
			}
		}
		if totals.Inbox > 0 {
			list = append(list, fmt.Sprintf("%d deliveries wait", totals.Inbox))
		}
		gaps, err := h.ledger.Gaps(context.Background())
		if len(gaps) > 0 || err != nil {
			list = append(list, fmt.Sprintf("gaps are open: %v, %v", gaps, err))
		}
	})
	return list
}

// carded are the objects whose every record has a task of its own. A contact has one where it has no company, which another
// record of the same person may give it.
var carded = []string{"companies", "deals", "tickets", "organizations", "Account", "Opportunity", "Case"}

// shown compares the project tool with the vendors: each record that belongs there is shown, and nothing by two open tasks.
func (d *day) shown() (list []string) {
	all, open := map[string]bool{}, map[string][]string{}
	for _, task := range d.world.Asana.Tasks() {
		for line := range strings.Lines(task.Notes) {
			ref, ok := strings.CutPrefix(strings.TrimSpace(line), "Source: ")
			if ref, _, _ = strings.Cut(ref, " "); !ok || world.Started(task) { // the page's address follows
				continue
			}
			if all[ref] = true; !task.Completed {
				open[ref] = append(open[ref], task.Name)
			}
		}
	}
	for _, p := range d.parties {
		for at := range p.live() {
			if ref := p.name + "/" + at; slices.Contains(carded, p.ref(at).Object) && p.name != "activecampaign" && !all[ref] {
				list = append(list, ref+" is shown by no task")
			}
		}
	}
	for ref, names := range open {
		if len(names) > 1 {
			list = append(list, fmt.Sprintf("%s is shown by %d open tasks: %q", ref, len(names), names))
		}
	}
	return list
}

// compare compares the records of one vendor.
func (p *party) compare(s *ledger.Snap, totals ledger.Totals) (list []string, err error) {
	count := map[string]int64{}
	live := p.live()
	for _, at := range slices.Sorted(maps.Keys(live)) {
		ref := p.ref(at)
		count[ref.Object]++
		record, ok, err := raw(s, ref)
		if err != nil {
			return list, err
		}
		if !ok {
			list = append(list, fmt.Sprintf("%s/%s is not in the ledger", p.name, at))
		}
		for path, want := range live[at] {
			if got := record.Get(path).String(); ok && got != want {
				list = append(list, fmt.Sprintf("%s/%s: %s is %q, want %q", p.name, at, path, got, want))
			}
		}
	}
	for object, n := range count {
		if got := totals.Live[p.name+"/"+object]; got != n {
			list = append(list, fmt.Sprintf("%s has %d %s, the ledger has %d", p.name, n, object, got))
		}
	}
	return list, nil
}
