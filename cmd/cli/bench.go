package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/connectors/sandbox/world"
)

// benchCmd measures the whole pipeline as a process against examples/floor, the smallest program that does the job by
// hand, simulator to simulator, in turn.
func (a *app) benchCmd() *cobra.Command {
	b := bench{app: a}
	cmd := &cobra.Command{
		Use:    "bench",
		Short:  "Measure the whole pipeline against the smallest program that does the job by hand",
		Hidden: true,
		Long: `Runs floor and hub in turn, each a process of its own against simulated vendors in a third one, and prints
CPU, time and memory with their ratios. Build the floor first: go build -o floor ./examples/floor`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return b.run(cmd.Context()) },
	}
	f := cmd.Flags()
	f.StringVar(&b.floor, "floor", "./floor", "the floor's binary")
	f.IntVar(&b.customers, "customers", 20_000, "contacts")
	f.IntVar(&b.rounds, "rounds", 3, "pairs of runs")
	f.DurationVar(&b.latency, "latency", 0, "latency of every request")
	f.BoolVar(&b.again, "again", false, "measure a second run of the hub, with nothing changed")
	return cmd
}

type bench struct {
	*app
	floor             string
	customers, rounds int
	latency           time.Duration
	again             bool
}

// figures are those of one finished process.
type figures struct {
	CPU, Wall time.Duration
	PeakMiB   float64
	Tasks     int
}

func (b *bench) run(ctx context.Context) error {
	if _, err := os.Stat(b.floor); err != nil {
		return withCode(exitConfig, fmt.Errorf("%w: build it with `go build -o floor ./examples/floor`, or name it with --floor", err))
	}
	var cpu, wall []float64
	for round := range b.rounds {
		floor, err := b.once(ctx, b.floorCommand)
		if err != nil {
			return fmt.Errorf("floor: %w", err)
		}
		hub, err := b.once(ctx, b.hubCommand)
		if err != nil {
			return fmt.Errorf("hub: %w", err)
		}
		cpu = append(cpu, float64(hub.CPU)/float64(floor.CPU))
		wall = append(wall, float64(hub.Wall)/float64(floor.Wall))
		b.show(round, "floor", floor)
		b.show(round, "hub", hub)
	}
	res := map[string]any{"customers": b.customers, "cpu_ratio": median(cpu), "wall_ratio": median(wall), "latency": b.latency.String()}
	if b.json {
		writeJSON(b.out, res)
		return nil
	}
	fmt.Fprintf(b.out, "hub ÷ floor, median of %d pairs: CPU %.2f, wall %.2f\n", b.rounds, median(cpu), median(wall))
	return nil
}

func (b *bench) show(round int, name string, f figures) {
	if !b.json {
		fmt.Fprintf(b.out, "%d %-6s CPU %6.2fs (%5.1f µs a record)  wall %6.2fs  %8.0f tasks/s  peak %.0f MiB\n", round+1, name, f.CPU.Seconds(),
			float64(f.CPU.Microseconds())/float64(b.customers), f.Wall.Seconds(), float64(f.Tasks)/f.Wall.Seconds(), f.PeakMiB)
	}
}

func median(list []float64) float64 {
	sort.Float64s(list)
	return list[len(list)/2]
}

// command makes the process to be measured for vendors reached at access; dir is empty and its own.
type command func(dir string, access map[string]map[string]string) (*exec.Cmd, error)

// once starts fresh vendors and measures one process against them.
func (b *bench) once(ctx context.Context, make command) (figures, error) {
	dir, err := os.MkdirTemp("", "millrace-bench-")
	if err != nil {
		return figures{}, err
	}
	defer os.RemoveAll(dir)
	access, stop, err := b.vendors(ctx)
	if err != nil {
		return figures{}, err
	}
	defer stop()
	cmd, err := make(dir, access)
	if err != nil {
		return figures{}, err
	}
	f, err := measure(cmd)
	if err == nil && b.again {
		if cmd, err = make(dir, access); err == nil {
			f, err = measure(cmd)
		}
	}
	f.Tasks = b.customers
	return f, err
}

// vendors starts the sandbox as a process of its own, so that its CPU is not counted.
func (b *bench) vendors(ctx context.Context) (map[string]map[string]string, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return nil, nil, err
	}
	cmd := exec.CommandContext(ctx, self, "sandbox", "--json", "--people-only", "--customers", strconv.Itoa(b.customers), "--latency", b.latency.String())
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return nil, nil, err
	}
	stop := func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }
	var access map[string]map[string]string
	if err := json.NewDecoder(out).Decode(&access); err != nil {
		stop()
		return nil, nil, fmt.Errorf("start vendors: %w", err)
	}
	return access, stop, nil
}

func measure(cmd *exec.Cmd) (figures, error) {
	var text strings.Builder
	cmd.Stdout, cmd.Stderr = &text, &text
	begun := time.Now()
	if err := cmd.Run(); err != nil {
		return figures{}, fmt.Errorf("%w: %s", err, text.String())
	}
	use, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return figures{}, errors.New("no resource usage on this system")
	}
	return figures{CPU: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), Wall: time.Since(begun), PeakMiB: float64(use.Maxrss) / 1024}, nil
}

func (b *bench) floorCommand(dir string, access map[string]map[string]string) (*exec.Cmd, error) {
	hs, as := access[world.HubSpot], access[world.Asana]
	return exec.Command(b.floor, "-db", filepath.Join(dir, "floor.db"), "-source", hs["base_url"], "-source-token", hs["token"],
		"-target", as["base_url"], "-target-token", as["app_token"], "-project", as["project"]), nil
}

// benchRules make one task of every contact, as the floor does.
const benchRules = `
version: 1
rules:
  - name: contact
    for: person
    project: '"Bench"'
    title: person.label
    notes: >-
      "E-mail: " + (len(person.emails) > 0 ? person.emails[0].address : "") + "\nTitle: " + person.title + "\nCompany: " + person.company
`

func (b *bench) hubCommand(dir string, access map[string]map[string]string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	hs, as := access[world.HubSpot], access[world.Asana]
	cfg := fmt.Sprintf(`
data: %q
rules: [rules.yaml]
connections:
  hubspot: {connector: hubspot, token: %q, base_url: %q, streams: [contacts], index_lag: 1s, requests_per_10s: 100000, searches_per_second: 1000}
  asana: {connector: asana, client_id: %q, client_secret: %q, refresh_token: %q, base_url: %q, workspace: %q, requests_per_minute: 6000000}
log: {level: error}
`, dir, hs["token"], hs["base_url"], as["client_id"], as["client_secret"], as["refresh_token"], as["base_url"], as["workspace"])
	name := filepath.Join(dir, "bench.yaml")
	err = errors.Join(os.WriteFile(name, []byte(cfg), 0o600), os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(benchRules), 0o600))
	return exec.Command(self, "backfill", "--json", "--config", name), err
}
