package endtoend

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/hubspot"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
)

// exchange is one recorded request and its answer; Body is as it was recorded, byte for byte.
type exchange struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Status int             `json:"status"`
	Body   json.RawMessage `json:"response_body"`
}

func exchanges(t *testing.T) (list []exchange) {
	f, err := os.Open(shared(t, "recorded/hubspot/exchanges.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		var e exchange
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(e.Path, "/crm/v3/") || strings.HasPrefix(e.Path, "/crm/v4/") {
			list = append(list, e)
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return list
}

// records returns the objects of an answer as they were recorded, by ascending id: the connector asks for that order,
// the recorded client did not.
func (e exchange) records() (list []gjson.Result) {
	list = gjson.GetBytes(e.Body, "results").Array()
	slices.SortFunc(list, func(a, b gjson.Result) int {
		x, y := a.Get("id").String(), b.Get("id").String()
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
	})
	return list
}

// recordings answers like HubSpot did when the exchange was recorded; what was not recorded (names of properties,
// associations) is empty.
type recordings struct {
	body  []byte
	items []gjson.Result
}

// ServeHTTP implements http.Handler.
func (p *recordings) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case strings.Contains(r.URL.Path, "/properties/"):
		_, _ = w.Write([]byte(`{"results":[{"name":"email"},{"name":"hs_object_id"}]}`))
	case strings.Contains(r.URL.Path, "/associations/"):
		_, _ = w.Write([]byte(`{"status":"COMPLETE","results":[]}`))
	case strings.HasSuffix(r.URL.Path, "/search"):
		var b bytes.Buffer
		fmt.Fprintf(&b, `{"total":%d,"results":[`, len(p.items))
		for i, item := range p.items {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(item.Raw)
		}
		b.WriteString("]}")
		_, _ = w.Write(b.Bytes())
	default:
		_, _ = w.Write(p.body)
	}
}

// recorder is a ledger that takes recorded answers through the connector and the built-in mapping.
type recorder struct {
	t      *testing.T
	ledger *ledger.Ledger
	work   *work.Rules
	server *recordings
	url    string
	n      int
}

// oneMapping maps the records of every connection by HubSpot's built-in rules.
type oneMapping struct{ *mapping.Rules }

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	engine, err := boltkv.Open(filepath.Join(t.TempDir(), "ledger.db"), boltkv.Options{Buckets: ledger.Buckets()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = engine.Close() })
	maps, err := mapping.Load(mapping.File{Name: "hubspot", Data: hubspot.Connector.Spec.Rules})
	if err != nil {
		t.Fatal(err)
	}
	r := &recorder{t: t, server: &recordings{}}
	if r.work, err = work.Load(work.Default()); err != nil {
		t.Fatal(err)
	}
	r.ledger, err = ledger.Open(engine, ledger.Options{Mapper: oneMapping{maps}, Reach: r.work.Watches})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(r.server)
	t.Cleanup(server.Close)
	r.url = server.URL
	return r
}

// take applies what the cursor of the stream brings, on a connection of its own, and returns the connection's name.
func (r *recorder) take(stream string, cursor connectors.Cursor) (string, ledger.Outcome, error) {
	r.n++
	name := fmt.Sprintf("recording%04d", r.n)
	values, problems := hubspot.Connector.Spec.Parse(map[string]any{"token": "recorded", "base_url": r.url, "api_version": "v3"})
	if len(problems) > 0 {
		r.t.Fatal(problems)
	}
	opened, err := hubspot.Connector.Open(connectors.Env{Connection: name, Settings: values, HTTP: http.DefaultClient, Now: time.Now})
	if err != nil {
		r.t.Fatal(err)
	}
	page, err := opened.(connectors.Source).Read(context.Background(), stream, cursor)
	if err != nil {
		return name, ledger.Outcome{}, err
	}
	out, err := r.ledger.Apply(context.Background(), ledger.Batch{Connection: name, Stream: stream, Object: stream,
		Kind: ledger.Fetch, Records: page.Records})
	return name, out, err
}

// kept wants every recorded object in the ledger as it was recorded, and the work rules to have no trouble with it.
func (r *recorder) kept(connection, object string, want []gjson.Result) {
	r.t.Helper()
	err := r.ledger.Snapshot(context.Background(), func(s *ledger.Snap) error {
		for _, item := range want {
			ref := connectors.Ref{Connection: connection, Object: object, ID: item.Get("id").String()}
			raw, err := s.Raw(ref)
			if err != nil {
				return fmt.Errorf("%s: %w", ref, err)
			}
			if string(raw) != item.Raw {
				r.t.Errorf("%s: the ledger keeps %d bytes that differ from the %d recorded", ref, len(raw), len(item.Raw))
			}
			e, err := s.Resolve(ref.String())
			if err != nil || e == nil {
				return fmt.Errorf("%s: resolves to %v: %w", ref, e, err)
			}
			if e.Kind == canonical.Person || e.Kind == canonical.Organization {
				if _, _, err := r.work.Items(s, e); err != nil {
					return fmt.Errorf("%s: work rules: %w", ref, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		r.t.Error(err)
	}
}

// afterEverything is a cursor that polls for all changes there ever were.
const afterEverything = `{"v":1,"phase":"poll","live":1,"trail":1,"pass":{"from":1,"to":1763834400000,"id":"0"}}`

// TestRecordedTraffic: every recorded search of HubSpot's objects API passes through connector, mapping and ledger;
// nothing becomes a dead letter, and what no rule reads is kept as it came. The recorded GETs describe types of object
// and bring no records, so they are only counted.
func TestRecordedTraffic(t *testing.T) {
	list := exchanges(t)
	r := newRecorder(t)
	searches, objects := 0, 0
	for _, e := range list {
		switch {
		case e.Method == http.MethodGet && !strings.HasPrefix(e.Path, "/crm/v3/schemas"):
			t.Errorf("GET %s is recorded and nothing here reads it", e.Path)
			continue
		case !strings.HasSuffix(e.Path, "/search") || e.Status != http.StatusOK:
			continue
		}
		stream := "companies" // custom objects have the same shape
		if strings.Contains(e.Path, "CONTACT") {
			stream = "contacts"
		}
		r.server.items = e.records()
		name, out, err := r.take(stream, afterEverything)
		if err != nil || out.Dead != 0 {
			t.Errorf("%s: got %d dead letters and %v, want none", e.Path, out.Dead, err)
			continue
		}
		r.kept(name, stream, r.server.items)
		searches, objects = searches+1, objects+len(r.server.items)
	}
	t.Logf("%d searches with %d objects", searches, objects)
	if searches < 300 || objects < 100 {
		t.Errorf("got %d searches with %d objects, want at least 300 with 100", searches, objects)
	}
}

// TestRecordedPages: pages of lists and searches that others recorded, whatever they are paged by.
func TestRecordedPages(t *testing.T) {
	const stream = "contacts"
	for _, file := range []string{
		"test__read__objects-api__contacts-response.json",
		"test__read__objects-api__contacts-batch.json",
		"test__read-via-search__contacts-response.json",
		"test__search__contacts__1-first-page.json",
		"test__search__contacts__2-second-page.json",
	} {
		t.Run(file, func(t *testing.T) {
			body, err := os.ReadFile(shared(t, "recorded/hubspot/amp-labs/"+file))
			if err != nil {
				t.Fatal(err)
			}
			r := newRecorder(t)
			e := exchange{Body: body}
			if r.server.items = e.records(); len(r.server.items) == 0 {
				t.Fatal("the file has no records")
			}
			name, out, err := r.take(stream, afterEverything)
			if err != nil || out.Dead != 0 || out.Applied != int64(len(r.server.items)) {
				t.Fatalf("got %+v and %v, want %d applied", out.Counts, err, len(r.server.items))
			}
			// Associations are read beside a search, and those were not recorded.
			bare := slices.DeleteFunc(r.server.items, func(item gjson.Result) bool { return item.Get("associations").Exists() })
			r.kept(name, stream, bare)
		})
	}
}
