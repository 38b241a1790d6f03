package connectortest

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

var targetErrors = []targetCheck{
	{"TargetErrorKinds", "", targetErrorKinds},
	{"TargetCancelledContextReturns", "", targetCancelledContextReturns},
	{"TargetNoRetry", "", targetNoRetry},
}

// errorCase is a fault and what the router must be told about it.
type errorCase struct {
	name  string
	fault sandbox.Fault
	kinds []connectors.Kind
	after time.Duration // least time to wait
}

// QuotaByForbidding is a Harness whose vendor answers 403, not 429, when its quota is used up (Salesforce).
type QuotaByForbidding interface {
	ForbiddenIsQuota() bool
}

func errorCases(h Harness) []errorCase {
	date := h.Clock().Now().Add(40 * time.Second).UTC().Format(http.TimeFormat)
	limited := []connectors.Kind{connectors.Limited}
	temporary := []connectors.Kind{connectors.Temporary}
	denied := []connectors.Kind{connectors.Denied}
	forbidden := denied
	if q, ok := h.(QuotaByForbidding); ok && q.ForbiddenIsQuota() {
		forbidden = limited
	}
	return []errorCase{
		{"429 in seconds", sandbox.Fault{Kind: "429", RetryAfter: "7"}, limited, 7 * time.Second},
		{"429 with a date", sandbox.Fault{Kind: "429", RetryAfter: date}, limited, 20 * time.Second},
		{"429 without a word", sandbox.Fault{Kind: "429"}, limited, 0},
		{"500", sandbox.Fault{Kind: "500"}, temporary, 0},
		{"502", sandbox.Fault{Kind: "502"}, temporary, 0},
		{"503", sandbox.Fault{Kind: "503"}, []connectors.Kind{connectors.Temporary, connectors.Limited}, 0},
		{"401", sandbox.Fault{Kind: "401"}, denied, 0},
		{"403", sandbox.Fault{Kind: "403"}, forbidden, 0},
		{"truncated", sandbox.Fault{Kind: sandbox.Truncate}, temporary, 0},
		{"web page", sandbox.Fault{Kind: sandbox.HTML}, temporary, 0},
		{"dropped", sandbox.Fault{Kind: sandbox.Drop}, temporary, 0},
	}
}

// checkErrorKinds puts each fault in force for every request that matches and asks what the call says.
func checkErrorKinds(t *testing.T, h Harness, match sandbox.Match, call func() error) {
	t.Helper()
	checkCases(t, h, errorCases(h), match, call)
}

// checkEmptyErrorKinds is checkErrorKinds for a call whose answer may be empty, so that nothing of it can be missing.
func checkEmptyErrorKinds(t *testing.T, h Harness, match sandbox.Match, call func() error) {
	t.Helper()
	whole := slices.DeleteFunc(errorCases(h), func(c errorCase) bool { return c.fault.Kind == sandbox.Truncate })
	checkCases(t, h, whole, match, call)
}

func checkCases(t *testing.T, h Harness, cases []errorCase, match sandbox.Match, call func() error) {
	t.Helper()
	for _, c := range cases {
		if e, ok := h.(Elsewise); ok && !e.SaysWhen() && c.fault.RetryAfter != "" {
			continue
		}
		c.fault.Match = match
		addFault(t, h, c.fault)
		err := call()
		h.Plan().Clear()
		if err == nil {
			t.Errorf("%s: got no error", c.name)
			continue
		}
		wantKind(t, c.name, err, c.kinds...)
		if got := connectors.After(err); got < c.after {
			t.Errorf("%s: the error asks to wait %v, want at least %v", c.name, got, c.after)
		}
		checkShy(t, h, err)
	}
}

// targetErrorKinds: the wrong kind makes a dead letter of a network fault, or repeats a refusal for ever.
func targetErrorKinds(t *testing.T, h TargetHarness) {
	target, old := openTarget(t, h), item(h, 1)
	link := upsert(t, target, connectors.Want{Item: old})
	it := changed(old)
	t.Run("update", func(t *testing.T) {
		checkErrorKinds(t, h, h.Updates(), func() error {
			_, err := target.Upsert(context.Background(), connectors.Want{Item: it, Link: link, Last: &old})
			return err
		})
	})
	t.Run("create", func(t *testing.T) {
		checkErrorKinds(t, h, h.Creates(), func() error {
			_, err := target.Upsert(context.Background(), connectors.Want{Item: item(h, 2)})
			return err
		})
	})
}

// targetCancelledContextReturns: a shutdown that waits for a slow vendor is killed, and then nothing is clean.
func targetCancelledContextReturns(t *testing.T, h TargetHarness) {
	target := openTarget(t, h)
	link := upsert(t, target, connectors.Want{Item: item(h, 1)})
	addFault(t, h, sandbox.Fault{Kind: sandbox.Slow, Delay: sandbox.Duration(20 * time.Second)})
	checkCancel(t, "upsert", func(ctx context.Context) error {
		_, err := target.Upsert(ctx, connectors.Want{Item: item(h, 2)})
		return err
	})
	checkCancel(t, "close", func(ctx context.Context) error {
		return target.Close(ctx, link, connectors.Closing{})
	})
}

// checkCancel runs a call that would take 20 s, cancels it once it is under way and wants it back soon.
func checkCancel(t *testing.T, what string, call func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := call(ctx)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("%s: returned %v after the context ended, want at once", what, took)
	}
	if !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, context.Canceled) {
		t.Errorf("%s: got %v, want the context's error", what, err)
	}
}

// targetNoRetry: retries belong to the router; a connector that has its own multiplies them and doubles writes.
func targetNoRetry(t *testing.T, h TargetHarness) {
	target, old := openTarget(t, h), item(h, 1)
	link := upsert(t, target, connectors.Want{Item: old})
	it := old
	it.Title = "Order, renamed"
	addFault(t, h, sandbox.Fault{Match: h.Updates(), Kind: "503"})
	h.Log().Reset()
	if _, err := target.Upsert(context.Background(), connectors.Want{Item: it, Link: link, Last: &old}); err == nil {
		t.Fatal("got no error from a vendor that answers 503")
	}
	if n := writes(h); n > 1 {
		t.Errorf("a refused update cost %d writes, want 1", n)
	}
}
