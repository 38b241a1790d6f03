package spool

import (
	"encoding/binary"
	"reflect"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// What lies in the spool of an earlier version is forwarded after an upgrade.
func TestRowsOfBeforeAreRead(t *testing.T) {
	at := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	old := append([]byte{3}, "ABC"...)
	old = binary.BigEndian.AppendUint64(old, uint64(at.UnixMilli()))
	old = append(old, `{"n":7,"connection":"zendesk","request":{"Method":"POST","URL":"https://hooks.example.com/hooks/zendesk",`+
		`"Header":{"X-Zendesk-Webhook-Id":["1"]},"Body":"eyJhIjoxfQ==","Received":"2026-11-30T08:00:00Z"}}`...)
	got, err := decodeRow(old)
	want := row{"ABC", ledger.Arrival{Connection: "zendesk", Request: connectors.Delivery{Method: "POST", URL: "https://hooks.example.com/hooks/zendesk",
		Header: map[string][]string{"X-Zendesk-Webhook-Id": {"1"}}, Body: []byte(`{"a":1}`), Received: at}}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if _, err := decodeRow(old[:14]); err == nil {
		t.Error("a row that is cut off is read")
	}
}
