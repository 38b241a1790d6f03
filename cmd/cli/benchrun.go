package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/world"
)

// trial is one directory with a configuration, from which a hub is run against vendors.
type trial struct {
	dir, self string
	vendors   *vendors
}

// setting is what goals change in a trial's configuration.
type setting struct {
	perMinute int      // requests_per_minute of Asana; 0 = to be learnt
	second    *vendors // whose Asana is a second target
}

// untilRefused is a rate that nothing reaches.
const untilRefused = 6_000_000

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
      + "\nSource: " + sources[0].ref
`

func newTrial(v *vendors, s setting) (*trial, error) {
	dir, err := os.MkdirTemp("", "millrace-bench-")
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	text := fmt.Sprintf("data: %q\nrules: [rules.yaml]\nlog: {level: error}\nconnections:\n", dir)
	hs := v.access[world.HubSpot]
	text += fmt.Sprintf("  hubspot: {connector: hubspot, token: %q, base_url: %q, streams: [contacts], index_lag: 1s, requests_per_10s: 100000, searches_per_second: 1000}\n",
		hs["token"], hs["base_url"])
	text += asanaSetting("asana", v, s.perMinute)
	if s.second != nil {
		text += asanaSetting("second", s.second, 0)
	}
	err = errors.Join(os.WriteFile(filepath.Join(dir, "bench.yaml"), []byte(text), 0o600),
		os.WriteFile(filepath.Join(dir, "rules.yaml"), []byte(benchRules), 0o600))
	return &trial{dir: dir, self: self, vendors: v}, err
}

func asanaSetting(name string, v *vendors, perMinute int) string {
	as := v.access[world.Asana]
	return fmt.Sprintf("  %s: {connector: asana, client_id: %q, client_secret: %q, refresh_token: %q, base_url: %q, workspace: %q, requests_per_minute: %d}\n",
		name, as["client_id"], as["client_secret"], as["refresh_token"], as["base_url"], as["workspace"], perMinute)
}

func (t *trial) close() { _ = os.RemoveAll(t.dir) }

// hub returns a backfill of the trial, not started. It gives up when the vendors are gone, instead of waiting for them.
func (t *trial) hub(ctx context.Context, flags ...string) *exec.Cmd {
	args := append([]string{"backfill", "--json", "--give-up", "10m", "--config", filepath.Join(t.dir, "bench.yaml")}, flags...)
	return exec.CommandContext(ctx, t.self, args...)
}

// floorRun returns the floor at the trial's vendors, not started.
func (b *bench) floorRun(ctx context.Context, t *trial) *exec.Cmd {
	hs, as := t.vendors.access[world.HubSpot], t.vendors.access[world.Asana]
	return exec.CommandContext(ctx, b.floor, "-db", filepath.Join(t.dir, "floor.db"), "-source", hs["base_url"], "-source-token", hs["token"],
		"-target", as["base_url"], "-target-token", as["app_token"], "-project", as["project"])
}

// figures are those of one finished process.
type figures struct {
	cpu, wall time.Duration
	anonMiB   float64 // peak of RssAnon: without the mapped pages of the ledger, which the kernel may take back
}

// measure runs a process to its end.
func measure(cmd *exec.Cmd) (figures, error) {
	var text bytes.Buffer
	cmd.Stdout, cmd.Stderr = &text, &text
	begun := time.Now()
	if err := cmd.Start(); err != nil {
		return figures{}, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	f := figures{}
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			f.anonMiB = max(f.anonMiB, anonymous(cmd.Process.Pid))
		case err := <-ended:
			if err != nil {
				return f, fmt.Errorf("%w: %s", err, bytes.TrimSpace(text.Bytes()))
			}
			f.cpu, f.wall = cpuOf(cmd.ProcessState), time.Since(begun)
			return f, nil
		}
	}
}

func cpuOf(s *os.ProcessState) time.Duration { return s.UserTime() + s.SystemTime() }

// cpuSoFar returns what a running process used, to a hundredth of a second, 0 when it is not known.
func cpuSoFar(pid int) time.Duration {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return 0
	}
	var ticks time.Duration
	after := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:]) // the name before it may hold anything
	for _, field := range after[11:13] {
		n, _ := strconv.ParseInt(string(field), 10, 64)
		ticks += time.Duration(n)
	}
	return ticks * time.Second / 100
}

// anonymous returns RssAnon of a process in MiB, 0 when it is not known.
func anonymous(pid int) float64 {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "status"))
	if err != nil {
		return 0
	}
	for line := range bytes.Lines(status) {
		if rest, ok := bytes.CutPrefix(line, []byte("RssAnon:")); ok {
			kib, _ := strconv.ParseFloat(string(bytes.TrimSpace(bytes.TrimSuffix(bytes.TrimSpace(rest), []byte("kB")))), 64)
			return kib / 1024
		}
	}
	return 0
}

// kill ends a process the hard way and waits for it.
func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait()
}
