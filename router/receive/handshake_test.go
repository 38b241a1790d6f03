package receive_test

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

const offered = "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81"

func offer(secret string) http.Header { return http.Header{"X-Hook-Secret": {secret}} }

func signed(secret, body string) http.Header {
	return http.Header{"X-Hook-Signature": {hex.EncodeToString(mac(secret, body))}}
}

// A secret is taken in the minute that Millrace opened, at the path that it opened it for, and once (n8n took any).
func TestHandshakeOnlyInItsWindow(t *testing.T) {
	b := newBench(t, nil, vendor(t, "asana", nil))
	var kept []string
	keep := func(_ context.Context, s connectors.Secret) error {
		kept = append(kept, s.Reveal())
		return nil
	}
	b.want("nobody creates a webhook", b.send("POST", "/hooks/asana/1", offer(offered), ""), 401, 0)

	if _, err := b.Expect("/hooks/asana/1", keep); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Expect("/hooks/asana/1", keep); err == nil {
		t.Error("a second window was opened at one path")
	}
	b.want("at another path", b.send("POST", "/hooks/asana/2", offer(offered), ""), 401, 0)
	b.want("at the connection's path", b.send("POST", "/hooks/asana", offer(offered), ""), 401, 0)
	res := b.send("POST", "/hooks/asana/1", offer(offered), "")
	b.want("in the window", res, 200, 0)
	if res.Header.Get("X-Hook-Secret") != offered || len(kept) != 1 || kept[0] != offered {
		t.Errorf("echoed %q and kept %d secrets, want the one that was offered", res.Header.Get("X-Hook-Secret"), len(kept))
	}
	b.want("a second offer", b.send("POST", "/hooks/asana/1", offer("another-secret-of-somebody"), ""), 401, 0)
	b.want("signed with what was taken", b.send("POST", "/hooks/asana/1", signed(offered, asanaEvents), asanaEvents), 200, 1)
	b.want("signed with it at another path", b.send("POST", "/hooks/asana/2", signed(offered, asanaEvents), asanaEvents), 401, 1)
	b.want("signed with what was not taken", b.send("POST", "/hooks/asana/1", signed("another-secret-of-somebody", asanaEvents), asanaEvents), 401, 1)

	if _, err := b.Expect("/hooks/asana/3", keep); err != nil {
		t.Fatal(err)
	}
	b.clock.add(time.Minute)
	b.want("after the window", b.send("POST", "/hooks/asana/3", offer(offered), ""), 401, 1)
	end, err := b.Expect("/hooks/asana/4", keep)
	if err != nil {
		t.Fatal(err)
	}
	end()
	b.want("after it was closed", b.send("POST", "/hooks/asana/4", offer(offered), ""), 401, 1)
	if len(kept) != 1 {
		t.Errorf("%d secrets were kept, want 1", len(kept))
	}
}

// What could not be kept is not accepted: the vendor would sign with what nobody knows.
func TestSecretIsDurableBeforeItIsAccepted(t *testing.T) {
	b := newBench(t, nil, vendor(t, "asana", nil), crm())
	_, err := b.Expect("/hooks/asana/1", func(context.Context, connectors.Secret) error { return errors.New("disk") })
	if err != nil {
		t.Fatal(err)
	}
	res := b.send("POST", "/hooks/asana/1", offer(offered), "")
	b.want("the store fails", res, 503, 0)
	if res.Header.Get("X-Hook-Secret") != "" {
		t.Error("the secret was echoed")
	}
	b.want("signed with it", b.send("POST", "/hooks/asana/1", signed(offered, asanaEvents), asanaEvents), 401, 0)
	if _, err := b.Expect("/hooks/crm", nil); err == nil {
		t.Error("a window was opened for a vendor that makes no secret")
	}
	if b.Trust("/hooks/crm") == nil || b.Trust("/hooks/nobody") == nil {
		t.Error("a secret was taken for a path that has none")
	}
	if err := b.Trust("/hooks/asana/1", connectors.NewSecret("of-an-earlier-run-1"), connectors.NewSecret(offered)); err != nil {
		t.Fatal(err)
	}
	b.want("signed with one of an earlier run", b.send("POST", "/hooks/asana/1", signed(offered, asanaEvents), asanaEvents), 200, 1)
}
