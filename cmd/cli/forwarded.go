package cli

import (
	"cmp"
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/millrace/millrace/router/receive/relay"
)

// forwardedReport is what receivers on other hosts forwarded, and what they say of themselves, since the daemon was started.
type forwardedReport struct {
	Stored    int64         `json:"stored"`
	Last      time.Time     `json:"last,omitzero"`
	Receivers []relay.Heard `json:"receivers,omitempty"` // who was heard last first
	Warnings  []string      `json:"warnings,omitempty"`
}

// silentAfter is how long a receiver may not be heard of before somebody should look.
const silentAfter = 15 * time.Minute

func (r *receiving) forwarded() *forwardedReport {
	if r == nil || r.hub == nil {
		return nil
	}
	f := &forwardedReport{Receivers: r.hub.Heard()}
	f.Stored, f.Last = r.hub.Taken()
	for _, o := range f.Receivers {
		if o.Receiver != "" && time.Since(o.At) > silentAfter {
			f.Warnings = append(f.Warnings, fmt.Sprintf("the receiver %s has not been heard of since %s; what it takes waits there", shortName(o), instant(o.At)))
		}
	}
	return f
}

// shortName is enough of a receiver's name to tell it from others.
func shortName(o relay.Heard) string {
	name := cmp.Or(o.Receiver, o.Spool)
	return printable(name[:min(8, len(name))])
}

func printForwarded(t *tabwriter.Writer, f *forwardedReport) {
	if f == nil {
		return
	}
	if len(f.Receivers) > 0 {
		fmt.Fprintln(t, "RECEIVER\tHEARD\tWAITS THERE\tSINCE\tTAKES")
		for _, o := range f.Receivers {
			takes := cmp.Or(printable(strings.Join(o.Takes, ", ")), "-")
			if o.Receiver == "" {
				takes = "not said: an older version"
			}
			fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s\n", shortName(o), instant(o.At), o.Waiting, instant(o.Oldest), takes)
		}
		fmt.Fprintln(t)
	}
	if f.Stored > 0 {
		fmt.Fprintf(t, "%d webhook deliveries were forwarded by receivers on other hosts, the last at %s\n\n", f.Stored, instant(f.Last))
	}
	for _, w := range f.Warnings {
		fmt.Fprintf(t, "warning: %s\n\n", w)
	}
}
