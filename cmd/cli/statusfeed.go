package cli

import (
	"context"
	"fmt"
	"io"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// feedReport is one configured feed in `status --json`.
type feedReport struct {
	ledger.Feed
	State string `json:"state"`
}

// feeds returns the state of the feeds that the configuration asks for, in its order.
func (h *hub) feeds(ctx context.Context) (list []feedReport, err error) {
	for _, c := range h.cfg.Connections {
		feeder, ok := h.conns[c.Name].opened.(connectors.Feeder)
		if !ok {
			continue
		}
		for _, def := range feeder.Feeds() {
			f, err := h.ledger.Feed(ctx, c.Name, def.Name)
			if err != nil {
				return nil, err
			}
			list = append(list, feedReport{Feed: f, State: feedState(f, h.daemon)})
		}
	}
	return list, nil
}

// feedState says in a few words what a feed is doing.
func feedState(f ledger.Feed, followed bool) string {
	switch {
	case f.Failure.Attempts > 0:
		return fmt.Sprintf("fails (%d tries): %s", f.Failure.Attempts, f.Failure.Error)
	case !followed:
		return "a daemon follows it, and none runs"
	case f.Contact.IsZero():
		return "nothing was told yet"
	}
	return "ok"
}

func printFeeds(w io.Writer, feeds []feedReport) {
	if len(feeds) == 0 {
		return
	}
	fmt.Fprintln(w, "FEED\tLAST EVENT\tLAST CONTACT\tTOLD\tSTATE")
	for _, f := range feeds {
		fmt.Fprintf(w, "%s/%s\t%s\t%s\t%d\t%s\n", f.Connection, f.Feed.Feed, instant(f.Event), instant(f.Contact), f.Hints, f.State)
	}
	fmt.Fprintln(w)
}
