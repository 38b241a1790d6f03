package receive_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/receive"
	"github.com/millrace/millrace/router/receive/load"
	"github.com/millrace/millrace/router/receive/spool"
)

// slowly is a store on a slow disk.
type slowly struct{ receive.Store }

func (s slowly) Put(ctx context.Context, list []ledger.Arrival) error {
	time.Sleep(50 * time.Millisecond)
	return s.Store.Put(ctx, list)
}

// More is offered than can be stored: the rest is put off, and what is acknowledged is there (invariant 5). `millrace bench p12`
// measures the same with processes that are killed.
func TestFloodLosesNothingAcknowledged(t *testing.T) {
	store, err := spool.Open(filepath.Join(t.TempDir(), "spool.db"), 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	log := slog.New(slog.DiscardHandler)
	r, err := receive.New(receive.Options{Hooks: []receive.Hook{vendor(t, "zendesk", map[string]any{"webhook_secret": secret})}, Public: public, Store: slowly{store}, Rate: 1e6, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	server, err := receive.Listen(r, receive.ServerOptions{Listen: "127.0.0.1:0", Connections: 1024, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(time.Second)
	var mu sync.Mutex
	acked := map[int64]bool{}
	res, err := load.Run(t.Context(), load.Offer{To: server.Address(), Path: "/hooks/zendesk", Secret: secret, Clients: 800, Size: 1 << 10,
		Length: time.Second, Rest: 10 * time.Millisecond, Acked: func(number int64) {
			mu.Lock()
			defer mu.Unlock()
			acked[number] = true
		}})
	if err != nil {
		t.Fatal(err)
	}
	if res.PutOff() == 0 || res.Acked()+res.Codes[503] != res.Sent() {
		t.Errorf("answers %v, want 200 and 503", res.Codes)
	}
	for {
		b, err := store.Take(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(b.List) == 0 {
			break
		}
		for _, d := range b.List {
			var body struct{ Number int64 }
			if err := json.Unmarshal(d.Request.Body, &body); err != nil {
				t.Fatal(err)
			}
			delete(acked, body.Number)
		}
		if err := store.Forget(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if len(acked) > 0 {
		t.Errorf("%d of %d acknowledged deliveries are not there", len(acked), res.Acked())
	}
}
