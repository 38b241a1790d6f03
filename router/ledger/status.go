package ledger

import (
	"context"
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Names of counters, kept up to date by the transactions that change what they count.
const (
	countRecords  = "records/"  // + connection/object: records known, deleted ones included
	countLive     = "live/"     // + connection/object: records that are not deleted
	countEntities = "entities/" // + kind: entities with a live member
	countDirty    = "dirty/"    // + target
	countLinks    = "links/"    // + target: open links
	countDead     = "dead/"     // + kind
	countRefs     = "refs/"     // + connection: wishes to fetch
	countInbox    = "inbox"
	countGaps     = "gaps"
	countReviews  = "reviews" // pairs of records that wait for a person
)

func (l *Ledger) counter(ctx context.Context, name string) (int64, error) {
	var n int64
	err := l.view(ctx, "read counter", func(r kv.Reader) error {
		var err error
		n, err = readCount(r, l, name)
		return err
	})
	return n, err
}

// Totals are the ledger's maintained counters; reading them costs the same however large the ledger is.
type Totals struct {
	Records  map[string]int64         // by connection/object, deleted ones included
	Live     map[string]int64         // by connection/object
	Entities map[canonical.Kind]int64 // with at least one live record
	Dirty    map[string]int64         // marks by target
	Links    map[string]int64         // items shown and not closed, by target
	Dead     map[DeadKind]int64
	Refs     map[string]int64 // wishes to fetch, by connection
	Inbox    int64
	Gaps     int64
	Reviews  int64 // pairs of records that a person should look at
}

// Customers returns the number of persons and organizations.
func (t Totals) Customers() int64 {
	return t.Entities[canonical.Person] + t.Entities[canonical.Organization]
}

// Status is what `millrace status` shows of the ledger.
type Status struct {
	Totals  Totals
	Streams []Stream
	Gaps    []Gap
	Store   kv.Stats
}

// Totals returns the counters, all from one snapshot.
func (l *Ledger) Totals(ctx context.Context) (Totals, error) {
	var t Totals
	err := l.view(ctx, "read counters", func(r kv.Reader) error {
		t = Totals{Records: map[string]int64{}, Live: map[string]int64{}, Entities: map[canonical.Kind]int64{},
			Dirty: map[string]int64{}, Links: map[string]int64{}, Dead: map[DeadKind]int64{}, Refs: map[string]int64{}}
		prefix := l.under()
		for key := range r.Scan(bCount, prefix, nil) {
			name := string(key[len(prefix):])
			n, err := readCount(r, l, name)
			if err != nil {
				return err
			}
			t.take(name, n)
		}
		return nil
	})
	return t, err
}

func (t *Totals) take(name string, n int64) {
	what, rest, _ := strings.Cut(name, "/")
	switch what + "/" {
	case countRecords:
		t.Records[rest] = n
	case countLive:
		t.Live[rest] = n
	case countEntities:
		t.Entities[canonical.Kind(rest)] = n
	case countDirty:
		t.Dirty[rest] = n
	case countLinks:
		t.Links[rest] = n
	case countDead:
		t.Dead[DeadKind(rest)] = n
	case countRefs:
		t.Refs[rest] = n
	case countInbox + "/":
		t.Inbox = n
	case countGaps + "/":
		t.Gaps = n
	case countReviews + "/":
		t.Reviews = n
	}
}

// Status returns counters, streams, gaps and figures of the store.
func (l *Ledger) Status(ctx context.Context) (Status, error) {
	var s Status
	var err error
	if s.Totals, err = l.Totals(ctx); err != nil {
		return s, err
	}
	if s.Streams, err = l.Streams(ctx); err != nil {
		return s, err
	}
	if s.Gaps, err = l.Gaps(ctx); err != nil {
		return s, err
	}
	s.Store = l.engine.Stats()
	return s, nil
}
