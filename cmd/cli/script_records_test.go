package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/router/ledger"
)

// scriptRecord is one line of a file of `records`. With times, {n} in the line counts from 1, {n+1} from 2,
// and {00n} has five digits.
type scriptRecord struct {
	Ref     string                  `json:"ref"`
	Version time.Time               `json:"version"`
	Deleted connectors.DeletionKind `json:"deleted"`
	Into    string                  `json:"into"`
	Data    json.RawMessage         `json:"data"`
	Times   int                     `json:"times"`
}

// scriptRecords puts records into the ledger of millrace.yaml as if they had just been fetched; nothing is connected.
func scriptRecords(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs("millrace.yaml")
	find := func(name string) (connectors.Connector, bool) { return all.Find(name) }
	cfg, err := config.Parse(path, []byte(ts.ReadFile("millrace.yaml")), find, func(name string) (string, bool) { return ts.Getenv(name), true })
	ts.Check(err)
	ctx := context.Background()
	h, err := openHub(ctx, cfg, slog.New(slog.DiscardHandler), hubOptions{noTargets: true})
	ts.Check(err)
	defer h.close()
	batches := map[string][]connectors.Record{}
	lines := bufio.NewScanner(strings.NewReader(ts.ReadFile(args[0])))
	for lines.Scan() {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		for _, rec := range recordsOf(ts, line) {
			key := rec.Ref.Connection + "/" + rec.Ref.Object
			batches[key] = append(batches[key], rec)
		}
	}
	for key, list := range batches {
		connection, object, _ := strings.Cut(key, "/")
		for page := range slices.Chunk(list, 1000) {
			out, err := h.ledger.Apply(ctx, ledger.Batch{Connection: connection, Stream: object, Kind: ledger.Fetch, Seen: time.Now(), Records: page})
			ts.Check(err)
			if out.Dead > 0 || out.Warnings > 0 {
				ts.Logf("%s: %d dead letters, %d warnings", key, out.Dead, out.Warnings)
			}
		}
	}
}

func recordsOf(ts *testscript.TestScript, line string) []connectors.Record {
	var first scriptRecord
	ts.Check(json.Unmarshal([]byte(line), &first))
	var list []connectors.Record
	for n := 1; n <= max(first.Times, 1); n++ {
		var r scriptRecord
		numbered := strings.NewReplacer("{n}", strconv.Itoa(n), "{n+1}", strconv.Itoa(n+1), "{00n}", fmt.Sprintf("%05d", n))
		ts.Check(json.Unmarshal([]byte(numbered.Replace(line)), &r))
		ref, err := connectors.ParseRef(r.Ref)
		ts.Check(err)
		rec := connectors.Record{Ref: ref, Version: r.Version, Seen: time.Now(), Data: r.Data, Deleted: connectors.Deletion{Kind: r.Deleted}}
		if rec.Version.IsZero() {
			rec.Version = time.Date(2026, 11, 1, 0, 0, n, 0, time.UTC)
		}
		if r.Into != "" {
			rec.Deleted.Into, err = connectors.ParseRef(r.Into)
			ts.Check(err)
		}
		list = append(list, rec)
	}
	return list
}
