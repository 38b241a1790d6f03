package ledger

import (
	"bytes"
	"encoding/json"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
)

func arrivals() []Arrival {
	return []Arrival{
		{},
		{Connection: "crm", Request: connectors.Delivery{Method: "POST", URL: "https://hub.example/hooks/crm", Received: time.Unix(1764547200, 123456789).UTC()}},
		{Connection: "crm", Request: connectors.Delivery{Method: "POST", Header: http.Header{"Content-Type": {"a/b"}, "X-Twice": {"1", ""}, "X-Never": {}},
			Body: []byte{0, 1, '{', 0xff}, Received: time.Unix(-62135596800, 0).UTC()}},
		{Connection: "crm", Request: connectors.Delivery{Body: bytes.Repeat([]byte("x"), 1<<20)}},
	}
}

func TestArrivalIsReadAsItWas(t *testing.T) {
	for _, want := range arrivals() {
		row := AppendArrival(nil, want)
		got, err := ReadArrival(row)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v and %v, want %+v", got, err, want)
		}
		clear(row)
		if !bytes.Equal(got.Request.Body, want.Request.Body) {
			t.Error("the body is a part of the row, which is the store's")
		}
	}
}

// A row of an earlier version waits in the inbox while the program is replaced.
func TestArrivalInJSONIsRead(t *testing.T) {
	for _, want := range arrivals() {
		row, err := json.Marshal(Delivery{ID: "01", Connection: want.Connection, Request: want.Request})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := ReadArrival(row); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v and %v, want %+v", got, err, want)
		}
	}
}

// What is cut off is an error, never a shorter delivery and never a panic; only a body has no end of its own.
func FuzzReadArrival(f *testing.F) {
	for _, a := range arrivals()[:3] {
		row := AppendArrival(nil, a)
		f.Add(row)
		for n := range len(row) - len(a.Request.Body) {
			if got, err := ReadArrival(row[:n]); err == nil {
				f.Errorf("the first %d of %d bytes are read as %+v", n, len(row), got)
			}
		}
	}
	f.Fuzz(func(t *testing.T, row []byte) {
		a, err := ReadArrival(row)
		if err != nil || row[0] == '{' {
			return
		}
		if again, err := ReadArrival(AppendArrival(nil, a)); err != nil || !reflect.DeepEqual(again, a) {
			t.Errorf("read %+v, and after writing it %+v and %v", a, again, err)
		}
	})
}
