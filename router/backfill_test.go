package router_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
)

// twoStreams is the vendor with a second stream that is refused like the first.
type twoStreams struct{ *crm }

func (c twoStreams) Streams(context.Context) ([]connectors.Stream, error) {
	return []connectors.Stream{{Name: "contacts", Object: "contacts", Every: time.Second},
		{Name: "leads", Object: "leads", Every: time.Second}}, nil
}

// A refused token refuses everything of a connection; a person should read that once.
func TestStreamsRefusedAlikeAreOneError(t *testing.T) {
	w := newWorld(t)
	w.crm.fail = &connectors.Error{Kind: connectors.Denied, Op: "read", Status: 401, Reason: "INVALID_TOKEN", Trace: "t"}
	w.change = func(o *router.Options) { o.Sources[0].Source = twoStreams{w.crm} }
	w.start()
	err := w.router.ReadAll(t.Context(), router.Scope{})
	if err == nil || strings.Count(err.Error(), "INVALID_TOKEN") != 1 || !strings.Contains(err.Error(), "streams crm/contacts, crm/leads: ") {
		t.Errorf("got %v, want one error that names both streams", err)
	}
	if connectors.KindOf(err) != connectors.Denied {
		t.Errorf("got kind %v, want denied", connectors.KindOf(err))
	}
}
