package register_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/receive"
	"github.com/millrace/millrace/router/register"
)

// hubs is one hub after the other over one ledger, and the vendor that outlives them.
type hubs struct {
	t        *rapid.T
	v        *vendor
	store    *memory
	changing bool
	metrics  *receive.Metrics
	untold   bool // one may be there whose secret nobody was told: made by hand, or after everything was forgotten
	now      time.Time

	life   *life
	rec    *receive.Receiver
	office *register.Office
	acc    register.Account
}

// start ends the process that is there and starts one that ends after so many points.
func (h *hubs) start(points int) {
	h.t.Helper()
	h.stop()
	h.life = &life{left: points}
	reg := h.v.connector(h.life, h.changing)
	hook := receive.Hook{Connection: "desk", Webhook: reg.(connectors.Webhook), InPath: h.v.inPath()}
	rec, err := receive.New(receive.Options{Hooks: []receive.Hook{hook}, Public: modelPublic, Store: h.store, Metrics: h.metrics,
		Now: func() time.Time { return h.now }, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		h.t.Fatal(err)
	}
	h.rec, h.v.receiver = rec, nil
	h.office = &register.Office{Store: mortal{h.store, h.life}, Receiver: rec, Now: func() time.Time { return h.now }}
	h.acc = register.Account{Registrar: reg, Place: connectors.Place{Connection: "desk", Address: rec.Address("desk")}}
	if err := h.office.Trust(context.Background(), h.acc); err != nil {
		h.t.Fatal(err)
	}
	h.v.receiver = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h.life.dead {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		rec.ServeHTTP(w, r)
	})
}

func (h *hubs) stop() {
	if h.rec != nil {
		h.rec.Close()
	}
}

// work does one thing; what it returns is nobody's when the process has ended.
func (h *hubs) work(what string) []register.Outcome {
	h.t.Helper()
	ctx := context.Background()
	var list []register.Outcome
	var err error
	switch what {
	case "register":
		list, _, err = h.office.Register(ctx, h.acc)
	case "remove":
		h.untold = h.untold || len(h.v.late) > 0
		list, _, err = h.office.Remove(ctx, h.acc)
	default:
		list, err = h.office.Check(ctx, h.acc, what == "repair", func(_ context.Context, since time.Time, _ string) error {
			if since.IsZero() {
				h.t.Error("missed since ever: everything would be read again")
			}
			return nil
		})
	}
	for _, o := range list {
		if err == nil {
			err = o.Err
		}
	}
	if err != nil && !h.life.dead {
		h.t.Fatalf("%s: %v", what, err)
	}
	return list
}

// tell has every subscription of ours deliver, and everybody who has no right to. Only what a subscription of ours signed,
// or sent to the secret path, may be answered 2xx.
func (h *hubs) tell() map[string]int {
	h.t.Helper()
	status := map[string]int{}
	for _, s := range h.v.subs {
		status[s.ID] = h.v.deliver(s)
		forged := s
		forged.secret = "forged"
		forged.URL = strings.Replace(s.URL, pathProof, "guessed-0123456789abcdef", 1)
		if code := h.v.deliver(forged); code/100 == 2 {
			h.t.Fatalf("a forged delivery to %s was answered %d", s.URL, code)
		}
	}
	return status
}

// drift is what people and the vendor do meanwhile, to one of ours or beside them.
func (h *hubs) drift(what string) {
	h.now = h.now.Add(time.Minute)
	h.v.finish()
	ours := func(s modelSub) bool { return h.acc.Place.Holds(s.URL) }
	i := slices.IndexFunc(h.v.subs, ours)
	switch {
	case what == "other things are read":
		h.v.of = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 3, rapid.ID[string]).Draw(h.t, "read")
	case i < 0:
	case what == "deleted":
		h.v.drop(h.v.subs[i].ID)
	case what == "off":
		h.v.subs[i].State = connectors.SubscriptionOff
	case what == "fewer events":
		h.v.subs[i].Events = []string{"made"}
	case what == "moved" && h.changing && strings.Contains(string(h.store.hooks["desk"]), `"id":"`+h.v.subs[i].ID+`"`): // else it is a stranger's now
		h.v.subs[i].URL = "https://elsewhere.example/x"
	case what == "twice" && !h.v.offers: // who offers secrets refuses a second one
		h.untold = true
		twin := h.v.subs[i]
		h.v.serial++
		twin.ID = fmt.Sprintf("sub%06d", h.v.serial)
		if twin.secret != "" {
			twin.secret = "secret of " + twin.ID
		}
		h.v.subs = append(h.v.subs, twin)
	}
}

func (h *hubs) stranger(url string) modelSub {
	h.v.serial++
	s := modelSub{Subscription: connectors.Subscription{ID: fmt.Sprintf("sub%06d", h.v.serial), Of: "a", Name: "hub", URL: url,
		Events: []string{"changed", "made"}, State: connectors.SubscriptionOn}, secret: "a stranger's"}
	h.v.subs = append(h.v.subs, s)
	return s
}

// end runs undisturbed and compares: what is ours is what is wanted, each once and with a secret that is known, the strangers'
// are as they were, and a second run does nothing.
func (h *hubs) end(strangers []modelSub) {
	h.t.Helper()
	h.v.finish()
	h.start(-1)
	h.work("register")
	status := h.tell()
	wanted, _ := h.acc.Registrar.Wanted(context.Background(), h.acc.Place)
	for _, want := range wanted {
		n := 0
		for _, s := range h.v.subs {
			if s.Of == want.Of && s.URL == want.URL && s.State == connectors.SubscriptionOn && slices.Equal(s.Events, want.Events) {
				if n++; status[s.ID] != http.StatusOK {
					h.t.Fatalf("what %s of %s delivers is answered %d", s.ID, s.Of, status[s.ID])
				}
				if h.v.shows && !h.untold && !strings.Contains(string(h.store.hooks["desk"]), `"`+s.secret+`"`) {
					h.t.Fatalf("the secret of %s, which was shown once, is not known", s.ID)
				}
			}
		}
		if n != 1 {
			h.t.Fatalf("%d tell of %s, want one: %+v", n, want.Of, h.v.subs)
		}
	}
	if len(h.v.subs) != len(wanted)+len(strangers) {
		h.t.Fatalf("%d are there, want %d of ours and %d of others: %+v", len(h.v.subs), len(wanted), len(strangers), h.v.subs)
	}
	h.strangersLeft(strangers)
	before := fmt.Sprint(h.v.subs)
	for _, again := range []string{"register", "repair", "register"} {
		h.start(-1)
		for _, o := range h.work(again) {
			if o.Do != register.Keep {
				h.t.Fatalf("a second run did %s: %s", o.Do, o.Why)
			}
		}
	}
	if known, err := h.office.Known(context.Background(), "desk"); !known || err != nil || fmt.Sprint(h.v.subs) != before {
		h.t.Fatalf("after it: known %v, %v, there are %v, were %v", known, err, h.v.subs, before)
	}
}

// gone removes everything, of which somebody deleted one already: the strangers' are left, and nothing that was ours is trusted
// any more.
func (h *hubs) gone(strangers []modelSub) {
	h.t.Helper()
	was := slices.Clone(h.v.subs)
	h.drift("deleted")
	h.work("remove")
	if len(h.v.subs) != len(strangers) {
		h.t.Fatalf("removed, and %+v are there", h.v.subs)
	}
	h.strangersLeft(strangers)
	for _, s := range was {
		if code := h.v.deliver(s); code/100 == 2 && !h.v.inPath() {
			h.t.Fatalf("what was removed delivers, and is answered %d", code)
		}
	}
}

func (h *hubs) strangersLeft(strangers []modelSub) {
	h.t.Helper()
	for _, s := range strangers {
		if !slices.ContainsFunc(h.v.subs, func(o modelSub) bool { return fmt.Sprint(o) == fmt.Sprint(s) }) {
			h.t.Fatalf("the stranger's %s was touched: %+v", s.ID, h.v.subs)
		}
	}
}

// Whenever the process ends, before or after anything that it says to the vendor or to the ledger, in the end there is what is
// wanted, nothing of ours besides, and every secret is known.
func TestDeathsBetweenAnySteps(t *testing.T) {
	kinds := map[string]vendor{"offers": {offers: true}, "shows": {shows: true}, "reads": {reads: true}, "none": {}}
	for name, kind := range kinds {
		for _, changing := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/changes=%t", name, changing), func(t *testing.T) {
				metrics := receive.NewMetrics()
				rapid.Check(t, func(t *rapid.T) { deaths(t, kind, changing, metrics) })
			})
		}
	}
}

func deaths(t *rapid.T, kind vendor, changing bool, metrics *receive.Metrics) {
	kind.of = []string{"a", "b"}
	h := &hubs{t: t, v: &kind, store: &memory{hooks: map[string][]byte{}}, changing: changing, metrics: metrics,
		now: time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC)}
	defer func() { h.stop() }()
	strangers := []modelSub{h.stranger("https://elsewhere.example/hooks/desk"), h.stranger(modelPublic + "/hooks/desk2/a"), h.stranger(modelPublic + "/hooks/des")}
	if rapid.Bool().Draw(t, "registered before") {
		h.start(-1)
		h.work("register")
	}
	for range rapid.IntRange(1, 6).Draw(t, "lives") {
		h.start(rapid.IntRange(0, 24).Draw(t, "points"))
		for range rapid.IntRange(0, 2).Draw(t, "changes") {
			h.drift(rapid.SampledFrom([]string{"deleted", "off", "fewer events", "moved", "twice", "other things are read"}).Draw(t, "drift"))
		}
		h.work(rapid.SampledFrom([]string{"register", "register", "repair", "look", "remove"}).Draw(t, "work"))
		h.tell()
	}
	h.end(strangers)
	h.gone(strangers)
}
