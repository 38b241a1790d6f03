package cli

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/millrace/millrace/router"
)

// progressEvery is how often progress is drawn.
const progressEvery = 250 * time.Millisecond

// follow shows progress until the returned function is called. With --json there is none but on a terminal.
func (a *app) follow(h *hub, before router.Tally) func() {
	if a.json && !a.tty {
		return func() {}
	}
	begun, done, ended := time.Now(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(progressEvery)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case now := <-tick.C:
				line := h.progressLine(h.router.Tally().Sub(before), now.Sub(begun))
				a.errOut.progress(line, now)
			}
		}
	}()
	return func() {
		close(done)
		<-ended
		if took := time.Since(begun); a.tty && took > progressEvery { // what is left standing is the final figure
			a.errOut.progress(h.progressLine(h.router.Tally().Sub(before), took), time.Now())
		}
		a.errOut.endProgress()
	}
}

// progressLine says how far a run is: records, rate, estimate, items, and of each account the calls made, left and
// waiting.
func (h *hub) progressLine(t router.Tally, took time.Duration) string {
	line := readSoFar(t.Read, h.router.Expected(), took)
	if n := t.Created + t.Updated + t.Closed; n > 0 {
		line += fmt.Sprintf(", %d items written", n)
	}
	if n := h.backlog(); n > 0 {
		line += fmt.Sprintf(", %d changes to show", n)
	}
	for _, c := range h.cfg.Connections {
		line += fmt.Sprintf("; %s: %d calls", c.Name, h.conns[c.Name].calls())
		if left := h.conns[c.Name].left(); left >= 0 {
			line += fmt.Sprintf(", %d left", left)
		}
		if n := h.conns[c.Name].waiting(); n > 0 {
			line += fmt.Sprintf(", %d waiting for its limits", n)
		}
	}
	return line
}

// backlog returns how many changes the targets do not show yet, 0 when the ledger cannot say.
func (h *hub) backlog() (n int64) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	totals, err := h.ledger.Totals(ctx)
	if err != nil {
		return 0 // progress is a courtesy; the run itself reports what is wrong with the ledger
	}
	for _, target := range h.cfg.Targets {
		n += totals.Dirty[target]
	}
	return n
}

// readSoFar says how many records were read, of how many, how fast, and how long the rest will take.
func readSoFar(read, all int64, took time.Duration) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d", read)
	if all > read {
		fmt.Fprintf(&b, " of %d", all)
	}
	rate := float64(read) / max(took.Seconds(), 0.001)
	fmt.Fprintf(&b, " records read, %.0f/s", rate)
	if all > read && read > 0 {
		left := time.Duration(float64(all-read) / rate * float64(time.Second))
		fmt.Fprintf(&b, ", about %s left", left.Round(time.Second))
	}
	return b.String()
}
