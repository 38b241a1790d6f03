package relay_test

import (
	"bytes"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/millrace/millrace/router/receive/relay"
)

// FuzzHub: whatever is signed, the hub neither panics nor says that it has what it has not, and takes no secret that nobody
// expects.
func FuzzHub(f *testing.F) {
	f.Add([]byte(`{"spool":"s","sent":"2026-11-30T00:00:00Z","list":[{"n":1,"connection":"crm","request":{"Body":"AAE="}}]}`))
	f.Add([]byte(`{"list":[{"n":18446744073709551616}]}`))
	f.Add([]byte(`[]`))
	f.Add([]byte(`{"list":` + strings.Repeat("[", 5000)))
	f.Add([]byte(`{"spool":"s","sent":"2026-12-01T00:00:00Z","list":[],"ask":{"receiver":"r","echo":"x","has":"y","offer":{"window":"w","sealed":"AAE="},"takes":["asana"],"waiting":{"count":-1,"seconds":9223372036854775807}}}`))
	f.Add([]byte(`{"spool":"s","list":[],"ask":{"offer":{}}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		k := &keeper{}
		hub := newHub(t, k)
		hub.Close() // no answer waits
		req := httptest.NewRequest("POST", "/forward", bytes.NewReader(body))
		req.Header.Set("Millrace-Door", relay.Door(key))
		req.Header.Set("Millrace-Signature", relay.SignBatch(key, body))
		w := httptest.NewRecorder()
		hub.ServeHTTP(w, req)
		var receipt relay.Receipt
		if w.Code == 200 && (json.Unmarshal(w.Body.Bytes(), &receipt) != nil || receipt.Stored != k.count()) {
			t.Errorf("receipt %s for %d deliveries", w.Body, k.count())
		}
		if receipt.Tell != nil && receipt.Tell.Taken {
			t.Error("a secret was taken that nobody expects")
		}
	})
}

// FuzzTold: whatever the hub tells, or is found on the disk, the receiver neither panics nor trusts what was not told for a path.
func FuzzTold(f *testing.F) {
	f.Add([]byte(`{"secrets":[{"path":"/hooks/asana/2","secrets":["` + secret + `"]}],"windows":[{"path":"/hooks/asana/1","name":"w"}]}`))
	f.Add([]byte(`{"secrets":[{"path":"/hooks/nobody","secrets":[""]},{"path":"","secrets":null}],"windows":[{},{}]}`))
	f.Add([]byte(`{"secrets":` + strings.Repeat("[", 5000)))
	f.Add([]byte(`[{"path":"/hooks/asana/2","secrets":["x"]}]`))
	f.Fuzz(func(t *testing.T, told []byte) {
		s := newStation(t, "http://127.0.0.1:1", key, "one")
		_ = s.Follow(t.Context(), told)
		s.vault.sealed = relay.SealKept(key, told)
		_ = s.Restore(t.Context())
		if !bytes.Contains(told, []byte(path)) && s.deliver(path, secret) == 200 {
			t.Error("a secret is trusted where nobody told of it")
		}
		s.want("", "/hooks/asana", "", 401)
		if got := s.offer(path, another).StatusCode; got == 200 {
			t.Error("an offer was accepted that the hub did not take")
		}
	})
}
