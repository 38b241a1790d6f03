package cli

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// counting is a source that counts as it is told.
type counting struct {
	connectors.Source
	streams []connectors.Stream
	counts  map[string]int64
	err     map[string]error
}

func (c *counting) Streams(context.Context) ([]connectors.Stream, error) { return c.streams, nil }
func (c *counting) Count(_ context.Context, stream string) (int64, error) {
	return c.counts[stream], c.err[stream]
}

// TestCountsAgainstTheVendor: 100 of 1,800 organizations must not look like all of them (airbyte#28764).
func TestCountsAgainstTheVendor(t *testing.T) {
	source := &counting{counts: map[string]int64{"organizations": 1800, "users": 7, "tickets": 5},
		err: map[string]error{"groups": &connectors.Error{Kind: connectors.NotFound}, "ratings": &connectors.Error{Kind: connectors.Denied, Op: "count ratings", Reason: "Forbidden"}}}
	for _, name := range []string{"organizations", "users", "tickets", "groups", "ratings", "unread"} {
		source.streams = append(source.streams, connectors.Stream{Name: name, Object: name})
	}
	rep := statusReport{Records: map[string]int64{"zd/organizations": 100, "zd/users": 7, "zd/tickets": 6},
		Streams: []streamReport{{Stream: ledger.Stream{Connection: "zd", Stream: "organizations", CaughtUp: true}}, {Stream: ledger.Stream{Connection: "zd", Stream: "users", CaughtUp: true}},
			{Stream: ledger.Stream{Connection: "zd", Stream: "tickets", CaughtUp: true}}, {Stream: ledger.Stream{Connection: "other", Stream: "organizations"}}}}
	only := []string{"organizations", "users", "tickets", "groups", "ratings"}
	list, err := countStreams(t.Context(), "zd", only, source, source, rep)
	var refused *connectors.Error
	if !errors.As(err, &refused) || exitCode(withCode(exitUnreachable, err)) != exitUnreachable {
		t.Errorf("got the error %v, want the refusal of the stream that cannot be counted", err)
	}
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 4, 1, ' ', 0)
	printCounts(w, list)
	_ = w.Flush()
	text := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{"zd/organizations 1800 100 -1700 made since", "zd/users 7 7 +0", "zd/tickets 5 6 +1 deleted since", "zd/ratings - 0 - count ratings: denied: Forbidden"} {
		if !strings.Contains(text, want) {
			t.Errorf("got\n%s\nwant %q", out.String(), want)
		}
	}
	if strings.Contains(text, "groups") || strings.Contains(text, "unread") {
		t.Errorf("got\n%s\nwant neither what the vendor does not count nor what is not read", out.String())
	}
}

// TestWhyCountsDiffer: the reason that is certain goes before those that are likely.
func TestWhyCountsDiffer(t *testing.T) {
	done := ledger.Stream{CaughtUp: true}
	failing, more := done, done
	failing.Failure.Attempts, more.More = 3, true
	for want, got := range map[string]string{"": whyDifferent(0, ledger.Stream{}), "the first pass is not done": whyDifferent(-5, ledger.Stream{}),
		"the stream fails": whyDifferent(-5, failing), "catching up": whyDifferent(5, more)} {
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
