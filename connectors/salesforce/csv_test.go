package salesforce

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

// contacts is a layout of a few fields.
func contacts() *layout {
	l := &layout{sobject: "Contact", index: map[string]int{}, stamp: "SystemModstamp", deletes: true}
	for i, f := range []field{{name: "Id", kind: "id"}, {name: "SystemModstamp", kind: "datetime"}, {name: "IsDeleted", kind: "boolean"},
		{name: "Name", kind: "string"}, {name: "Amount", kind: "currency"}, {name: "Notes", kind: "textarea"}} {
		l.fields, l.index[f.name] = append(l.fields, f), i
	}
	return l
}

func resultsOf(l *layout, skip, most int) *results {
	return &results{a: &account{connection: "sf"}, op: "read", object: object{name: "Contact", sobject: "Contact"}, layout: l, skip: skip, most: most}
}

func headOf(rows int) *rest.Response {
	return &rest.Response{Header: http.Header{"Sforce-Numberofrecords": {strconv.Itoa(rows)}}, Date: time.Unix(1_795_000_000, 0)}
}

// TestFatRowsAreCut: a page whose rows are too fat to be held is read in parts, each from where the last one ended, and
// every row comes once, with its texts as they are.
func TestFatRowsAreCut(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("ab\",\r\n é\u2028<")), 0, 40, -1)
	rapid.Check(t, func(t *rapid.T) {
		var notes []string
		var file bytes.Buffer
		w := csv.NewWriter(&file)
		_ = w.Write([]string{"Id", "SystemModstamp", "IsDeleted", "Name", "Amount", "Notes"})
		for i := range rapid.IntRange(0, 30).Draw(t, "rows") {
			note := strings.ReplaceAll(text.Draw(t, "note"), "\r\n", "\n") // csv.Writer would write it as a bare \n
			notes = append(notes, note)
			_ = w.Write([]string{fmt.Sprintf("003ak00000%05d", i), "2026-11-20T10:00:00.000Z", "false", "x", "1.50", note})
		}
		w.Flush()
		l, most, skip := contacts(), rapid.IntRange(0, 3000).Draw(t, "most"), 0
		var got []string
		for parts := 0; ; parts++ {
			r := resultsOf(l, skip, most)
			if err := r.read(headOf(len(notes)), iotest.OneByteReader(bytes.NewReader(file.Bytes()))); err != nil {
				t.Fatal(err)
			}
			for _, rec := range r.records {
				got = append(got, gjson.GetBytes(rec.Data, "Notes").String())
			}
			if skip += len(r.records); !r.cut {
				break
			}
			if len(r.records) == 0 {
				t.Fatal("a part without rows leads nowhere")
			}
		}
		if len(got) != len(notes) {
			t.Fatalf("got %d rows, want %d", len(got), len(notes))
		}
		for i := range got {
			if got[i] != notes[i] {
				t.Fatalf("row %d: got %q, want %q", i, got[i], notes[i])
			}
		}
	})
}

// FuzzCSV: whatever comes as a result, every record is whole, and an answer that is not what it announced is an error.
func FuzzCSV(f *testing.F) {
	f.Add([]byte("\"Id\",\"SystemModstamp\",\"IsDeleted\",\"Name\"\r\n\"003ak00000AbCdE\",\"2026-11-20T10:00:00.000Z\",\"true\",\"a\"\"b\r\nc\"\r\n"), 1)
	f.Add([]byte("Id,SystemModstamp\n003ak00000AbCdE,2026-11-20T10:00:00.000+0000\n"), 1)
	f.Add([]byte("<html>"), 0)
	f.Fuzz(func(t *testing.T, body []byte, rows int) {
		r := resultsOf(contacts(), 0, 1<<20)
		if err := r.read(headOf(rows), bytes.NewReader(body)); err != nil {
			return
		}
		if len(r.records) != rows {
			t.Errorf("got %d records of %d announced and no error", len(r.records), rows)
		}
		for _, rec := range r.records {
			if !isID(rec.Ref.ID) || len(rec.Ref.ID) != longID || rec.Version.IsZero() || !gjson.ValidBytes(rec.Data) {
				t.Errorf("got the record %+v with %s", rec, rec.Data)
			}
		}
	})
}

// BenchmarkBulk reads a result of MILLRACE_BULK_MB megabytes (64 without it) page by page, as the router does, and reports
// the largest heap it saw: 1 GB must stay below 150 MiB.
func BenchmarkBulk(b *testing.B) {
	megabytes, _ := strconv.Atoi(os.Getenv("MILLRACE_BULK_MB"))
	if megabytes == 0 {
		megabytes = 64
	}
	const pageRows, width = 10_000, 1000
	line := `,"2026-11-20T10:00:00.000Z","false","Zoë ""Q"" Müller","1234.50","` + strings.Repeat("notes, ", width/7) + "\"\n"
	pages := megabytes << 20 / (len(line) + 20) / pageRows
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		page, _ := strconv.Atoi(r.URL.Query().Get("locator"))
		next := "null"
		if page < pages {
			next = strconv.Itoa(page + 1)
		}
		w.Header().Set("Sforce-Locator", next)
		w.Header().Set("Sforce-NumberOfRecords", strconv.Itoa(pageRows))
		_, _ = io.WriteString(w, "\"Id\",\"SystemModstamp\",\"IsDeleted\",\"Name\",\"Amount\",\"Notes\"\n")
		for i := range pageRows {
			fmt.Fprintf(w, "\"003ak%010d\"%s", page*pageRows+i, line)
		}
	}))
	defer server.Close()
	for b.Loop() {
		peak := readAllPages(b, server)
		b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
		b.SetBytes(int64(pages+1) * pageRows * int64(len(line)+20))
	}
}

// readAllPages reads page after page, keeping the last one while the next is read, and returns the largest heap.
func readAllPages(b *testing.B, server *httptest.Server) uint64 {
	a := &account{connection: "sf", bulkRows: 10_000, overlap: time.Minute, now: time.Now, version: "v67.0",
		client: rest.Client{HTTP: server.Client(), Base: server.URL}}
	l := contacts()
	l.at = time.Now()
	a.layouts.put(l)
	a.client.Explain = a.explain
	o := object{name: "Contact", sobject: "Contact"}
	c := cursor{Phase: bulking, Bound: 1, Job: &job{ID: "750ak000009AVi5AAG", Began: 1, Locator: "0"}}
	var held connectors.Page
	var peak uint64
	for {
		page, err := a.bulk(b.Context(), o, c)
		if err != nil {
			b.Fatal(err)
		}
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		peak = max(peak, m.HeapInuse)
		held = page
		if c, err = parseCursor(page.Next); err != nil || c.Phase != bulking {
			break
		}
	}
	_ = held
	return peak
}

// endless is a body that begins as CSV, opens a quote and never closes it.
type endless struct {
	head strings.Reader
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	n, err := e.head.Read(p)
	if err != nil {
		n = copy(p, strings.Repeat("x", len(p)))
	}
	if e.read += n; e.read > 8*longestRow {
		return 0, io.ErrUnexpectedEOF
	}
	return n, nil
}

// TestRowWithoutEndIsRefused: a quote that is never closed would take the rest of the answer for one field.
func TestRowWithoutEndIsRefused(t *testing.T) {
	body := &endless{head: *strings.NewReader("\"Id\",\"Notes\"\n\"003ak0000000001\",\"" + strings.Repeat("y\n", 1000))}
	err := resultsOf(contacts(), 0, pageBytes).read(headOf(1), body)
	if connectors.KindOf(err) != connectors.Temporary || body.read > 2*longestRow {
		t.Errorf("got %v after %d bytes, want it refused after %d", err, body.read, longestRow)
	}
}
