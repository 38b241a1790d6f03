package cli

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// countReport compares the vendor's own count of a stream's live records with the ledger's.
type countReport struct {
	Connection string `json:"connection"`
	Stream     string `json:"stream"`
	Vendor     int64  `json:"vendor"`
	Ledger     int64  `json:"ledger"`
	Difference int64  `json:"difference"` // ledger less vendor
	Why        string `json:"why,omitempty"`
	Error      string `json:"error,omitempty"` // the vendor could not be asked; its number then means nothing
}

// counts asks every connection that can count. A stream that its vendor does not count is left out; any other failure is
// in its row, and the first one is the error, so that a script learns of it.
func (h *hub) counts(ctx context.Context, rep statusReport) ([]countReport, error) {
	var list []countReport
	var first error
	for _, c := range h.cfg.Connections {
		counter, can := h.conns[c.Name].opened.(connectors.Counter)
		source, reads := h.conns[c.Name].opened.(connectors.Source)
		if !can || !reads {
			continue
		}
		rows, err := countStreams(ctx, c.Name, c.Streams, source, counter, rep)
		list = append(list, rows...)
		if first == nil && err != nil {
			first = fmt.Errorf("connection %s: %w", c.Name, err)
		}
	}
	return list, withCode(exitUnreachable, first)
}

// countStreams compares the streams of one connection; only is empty for all.
func countStreams(ctx context.Context, name string, only []string, source connectors.Source, counter connectors.Counter, rep statusReport) ([]countReport, error) {
	streams, err := source.Streams(ctx)
	if err != nil {
		return nil, err
	}
	var list []countReport
	var first error
	counted := map[string]bool{} // objects: a second stream of one brings the same records
	for _, s := range streams {
		if len(only) > 0 && !slices.Contains(only, s.Name) || counted[s.Object] {
			continue
		}
		counted[s.Object] = true
		row := countReport{Connection: name, Stream: s.Name, Ledger: rep.Records[name+"/"+s.Object]}
		n, err := counter.Count(ctx, s.Name)
		switch {
		case connectors.KindOf(err) == connectors.NotFound:
			continue // the vendor does not count these
		case err != nil:
			row.Error = err.Error()
			if first == nil {
				first = err
			}
		default:
			row.Vendor, row.Difference = n, row.Ledger-n
			row.Why = whyDifferent(row.Difference, streamOf(rep.Streams, name, s.Name))
		}
		list = append(list, row)
	}
	return list, first
}

// streamOf returns a stream's state, the zero value for one that was never read.
func streamOf(streams []streamReport, connection, name string) ledger.Stream {
	for _, s := range streams {
		if s.Connection == connection && s.Stream.Stream == name {
			return s.Stream
		}
	}
	return ledger.Stream{}
}

// whyDifferent says what explains a difference, most likely first.
func whyDifferent(difference int64, s ledger.Stream) string {
	switch {
	case difference == 0:
		return ""
	case s.Failure.Attempts > 0:
		return "the stream fails"
	case !s.CaughtUp:
		return "the first pass is not done"
	case s.More:
		return "catching up"
	case difference < 0:
		return "made since the last poll, or dead letters (`millrace dead list`)"
	}
	return "deleted since the last sweep, or left out of the vendor's count: archived ones, or a count that is renewed once a day"
}

func printCounts(w io.Writer, list []countReport) {
	fmt.Fprintln(w, "\nCOUNT\tVENDOR\tLEDGER\tDIFFERENCE\tWHY")
	for _, c := range list {
		if c.Error != "" {
			fmt.Fprintf(w, "%s/%s\t-\t%d\t-\t%s\n", c.Connection, c.Stream, c.Ledger, c.Error)
			continue
		}
		fmt.Fprintf(w, "%s/%s\t%d\t%d\t%+d\t%s\n", c.Connection, c.Stream, c.Vendor, c.Ledger, c.Difference, c.Why)
	}
}
