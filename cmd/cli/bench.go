package cli

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// bench measures the whole pipeline as a process of its own, against simulated vendors in another one, and where a goal
// is a ratio against examples/floor, the smallest program that does the job by hand.
type bench struct {
	*app
	floor      string
	hookFloor  string
	customers  int // 0 = what the goal wants
	rounds     int
	turn       time.Duration // how long a receiver of webhooks is measured at a time
	deliveries int64
	hookFor    time.Duration // how long vendors tell of changes
}

// goal is one promise about speed or memory.
type goal struct {
	name    string
	what    string
	measure func(*bench, context.Context) ([]verdict, error)
}

// verdict is one measured figure of a goal.
type verdict struct {
	Goal   string  `json:"goal"`
	What   string  `json:"what"`
	Got    float64 `json:"got"`
	Sign   string  `json:"sign"` // "<=" or ">="
	Want   float64 `json:"want"`
	Met    bool    `json:"met"`
	Detail string  `json:"detail,omitempty"`
}

func notAbove(what string, got, want float64, detail string, args ...any) verdict {
	return verdict{What: what, Got: got, Sign: "<=", Want: want, Met: got <= want, Detail: fmt.Sprintf(detail, args...)}
}

func notBelow(what string, got, want float64, detail string, args ...any) verdict {
	return verdict{What: what, Got: got, Sign: ">=", Want: want, Met: got >= want, Detail: fmt.Sprintf(detail, args...)}
}

// goals are the measurable ones, cheapest first within their kind. The numbers are those of the product's goals.
func goals() []goal {
	return []goal{
		{"p1", "CPU of a full run against the floor's", (*bench).cpu},
		{"p3", "deliveries in flight while every request takes 50 ms", (*bench).latency},
		{"p5", "use of a rate that is configured", (*bench).told},
		{"p6", "use of a rate that has to be learnt", (*bench).untold},
		{"p7", "two kills in one run", (*bench).kills},
		{"p8", "a second run over unchanged records", (*bench).again},
		{"p9", "anonymous memory as the account grows", (*bench).memory},
		{"p10", "connections opened", (*bench).connections},
		{"p11", "webhooks acknowledged, against the webhook floor's", (*bench).acknowledged},
		{"p12", "more webhooks than can be stored, and memory over many", (*bench).flood},
		{"p13", "time to the first request", (*bench).start},
		{"p14", "a throttled target beside a healthy one", (*bench).neighbours},
		{"hook", "webhook to task at 50 a second", (*bench).hook},
	}
}

func (a *app) benchCmd() *cobra.Command {
	b := bench{app: a}
	var lines []string
	for _, g := range goals() {
		lines = append(lines, fmt.Sprintf("  %-4s %s", g.name, g.what))
	}
	cmd := &cobra.Command{
		Use:    "bench [goal...]",
		Short:  "Measure the whole pipeline against its goals",
		Hidden: true,
		Long: `Measures the hub as a process, against simulated vendors in a second one, and prints what it got, the goal and
the verdict. Without a goal all are measured, which takes minutes. It ends with exit code 1 when a goal is missed.
Goals that are ratios need the floor: go build -o floor ./examples/floor; p11 needs go build -o webhookfloor
./examples/webhookfloor, and like p12 strace, which slows the disk. A busy machine disturbs p1 and p8 least and p3, p5 and p6
hardly; compare only what one run printed.

` + strings.Join(lines, "\n"),
		RunE: func(cmd *cobra.Command, args []string) error { return b.run(cmd.Context(), args) },
	}
	f := cmd.Flags()
	f.StringVar(&b.floor, "floor", "./floor", "the floor's binary")
	f.StringVar(&b.hookFloor, "webhook-floor", "./webhookfloor", "the webhook floor's binary")
	f.DurationVar(&b.turn, "turn", 3*time.Second, "how long a receiver is measured at a time, of p11 and p12")
	f.Int64Var(&b.deliveries, "deliveries", 200_000, "webhooks over which p12 looks at memory")
	f.IntVar(&b.customers, "customers", 0, "contacts (0 = what suits the goal)")
	f.IntVar(&b.rounds, "rounds", 5, "runs in turn, of which the median counts")
	f.DurationVar(&b.hookFor, "hook-for", 30*time.Second, "how long vendors tell of changes in each case of hook")
	return cmd
}

func (b *bench) run(ctx context.Context, names []string) error {
	list := goals()
	for _, name := range names {
		if !slices.ContainsFunc(list, func(g goal) bool { return g.name == strings.ToLower(name) }) {
			return withCode(exitConfig, fmt.Errorf("there is no goal %q; see millrace bench --help", name))
		}
	}
	var all []verdict
	missed := 0
	for _, g := range list {
		if len(names) > 0 && !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, g.name) }) {
			continue
		}
		found, err := g.measure(b, ctx)
		if err != nil {
			return fmt.Errorf("measure %s: %w", g.name, err)
		}
		for _, v := range found {
			v.Goal = g.name
			all = append(all, v)
			if !v.Met {
				missed++
			}
			b.show(v)
		}
	}
	if b.json {
		writeJSON(b.out, map[string]any{"goals": all, "missed": missed})
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d figures miss their goal", missed, len(all))
	}
	return nil
}

func (b *bench) show(v verdict) {
	if b.json {
		return
	}
	word := "met"
	if !v.Met {
		word = "MISSED"
	}
	fmt.Fprintf(b.out, "%-4s %-42s %10.4g  %s %-8.4g %-7s %s\n", v.Goal, v.What, v.Got, v.Sign, v.Want, word, v.Detail)
}

// note tells people what is going on while a goal takes its time.
func (b *bench) note(format string, args ...any) {
	if !b.json {
		fmt.Fprintf(b.errOut, "     "+format+"\n", args...)
	}
}

// count returns how many contacts a goal is measured with.
func (b *bench) count(suits int) int {
	if b.customers > 0 {
		return b.customers
	}
	return suits
}

// needFloor says how to get the floor when it is not there.
func (b *bench) needFloor() error { return needBinary(b.floor, "floor", "--floor") }

// needBinary says how to get a yardstick of examples/ when it is not there.
func needBinary(path, example, flag string) error {
	if _, err := os.Stat(path); err != nil {
		return withCode(exitConfig, fmt.Errorf("%w: build it with `go build -o %s ./examples/%s`, or name it with %s", err, example, example, flag))
	}
	return nil
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}
