package crashtest

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/sandbox/world"
)

// diskWorld is larger than a scene, so that the ledger outgrows its first size while the program runs.
func diskWorld(t *testing.T) (*world.World, string) {
	t.Helper()
	w, err := world.Start(world.Options{Only: []string{world.HubSpot, world.Asana}, Customers: 300, Seed: fromEnv(t, "MILLRACE_SEED", 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Close() })
	return w, configure(t, w, "token", "700ms")
}

// healed runs the program on a good disk and compares.
func healed(t *testing.T, w *world.World, config string) {
	t.Helper()
	out, code := ask(t, config, 2*time.Minute, "backfill", "--give-up", "90s", "--json")
	if code != 0 {
		t.Errorf("with the disk well again: exit code %d, want 0:\n%s", code, out)
	}
	if left := differences(w); len(left) > 0 {
		t.Errorf("with the disk well again %d differences:\n%s", len(left), strings.Join(left, "\n"))
	}
}

// A disk on which the ledger does not even begin to fit: the program ends by itself and says what to do.
func TestNoRoomForALedger(t *testing.T) {
	w, config := diskWorld(t)
	p := start(t, config, []string{"backfill"}, fileLimit+"=40000")
	code, err := p.wait(time.Minute)
	p.kill()
	out := p.stderr.String()
	if err != nil || code != 3 || !strings.Contains(out, "make room on the disk that holds ") {
		t.Errorf("on a full disk: %v, exit code %d, want 3 and what to do:\n%s", err, code, out)
	}
	healed(t, w, config)
}

// A disk that fills up or fails in the middle of a run: from some write on, every one is refused. The run ends by itself,
// and nothing is lost or doubled once the disk is well.
func TestFailingDisk(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("strace is not installed: without it no disk fails")
		}
		t.Skip("SKIPPED: strace is not installed, so nothing shows what a failing disk does; apt-get install strace")
	}
	for fault, says := range map[string]string{
		"fdatasync:error=EIO:when=8+": "look at the disk that holds ", "fdatasync:error=EIO:when=15+": "look at the disk that holds ",
		"pwrite64:error=ENOSPC:when=20+": "make room on the disk that holds ", "pwrite64:error=ENOSPC:when=60+": "make room on the disk that holds ",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			w, config := diskWorld(t)
			call, _, _ := strings.Cut(fault, ":")
			p := startUnder(t, []string{strace, "-f", "-qq", "-o", "/dev/null", "-e", "trace=" + call, "-e", "inject=" + fault},
				config, []string{"backfill"})
			code, err := p.wait(time.Minute)
			p.kill() // a program that hangs holds the ledger
			out := p.stderr.String()
			if err != nil || code != 3 || !strings.Contains(out, says) {
				t.Errorf("on a failing disk: %v, exit code %d, want 3 and what to do:\n%s", err, code, out)
			}
			healed(t, w, config)
		})
	}
}
