package ledger

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/millrace/millrace/connectors"
)

// BatchKind says how a batch came about, and so which cursor it moves.
type BatchKind uint8

// The kinds of batch.
const (
	Poll   BatchKind = iota + 1 // a page of Source.Read: moves the stream's cursor
	Sweep                       // a page of Sweeper.Sweep, or of a Snapshot stream: moves the sweep's cursor
	Fetch                       // the answer of Getter.Get: moves no cursor, settles wishes
	Replay                      // a dead letter tried again: moves nothing
)

// MaxBatch is the most records one batch may hold: more than any vendor's page, few enough for one transaction.
const MaxBatch = 10_000

// Batch is what one call to a vendor returned, to be stored at once.
type Batch struct {
	Connection, Stream string
	Object             string   // of the records' references; empty = Stream
	Along              []string // connectors.Stream.Along
	Kind               BatchKind
	From, To           connectors.Cursor // the page was read at From; To is where the next one is read
	More               bool              // another page is ready
	Seen               time.Time         // the vendor's clock when it answered; zero = the smallest Seen of the records
	Complete           time.Time         // connectors.Page.Complete
	Records            []connectors.Record
	Done               []FetchRef // with Fetch: the wishes this answer settles, whether or not it holds their records
}

func (b *Batch) check() error {
	if err := checkName("connection", b.Connection); err != nil {
		return err
	}
	if err := checkName("stream", b.Stream); err != nil {
		return err
	}
	if b.Kind < Poll || b.Kind > Replay {
		return fmt.Errorf("batch of %s/%s has no kind", b.Connection, b.Stream)
	}
	if len(b.Records) > MaxBatch || len(b.Done) > MaxBatch {
		return fmt.Errorf("batch of %s/%s has %d records and %d wishes, more than %d", b.Connection, b.Stream,
			len(b.Records), len(b.Done), MaxBatch)
	}
	if !utf8.ValidString(string(b.To)) { // rows are JSON, which would change it
		return fmt.Errorf("cursor of %s/%s is not UTF-8", b.Connection, b.Stream)
	}
	if b.Object == "" {
		b.Object = b.Stream
	}
	for _, object := range b.Along {
		if err := checkName("object", object); err != nil {
			return err
		}
	}
	return checkName("object", b.Object)
}

func (b *Batch) seen() time.Time {
	seen := b.Seen
	if !seen.IsZero() {
		return plain(seen)
	}
	for i := range b.Records {
		if s := b.Records[i].Seen; seen.IsZero() || s.Before(seen) {
			seen = s
		}
	}
	return plain(seen)
}

// Outcome says what became of a batch.
type Outcome struct {
	Counts                   // of this batch; Read is the sum of the others
	Changed []string         // entities that are now dirty, each once, ascending; the same for every target
	Missing []connectors.Ref // wishes of Done whose records the vendor did not return, and no hint called them deleted
	// Swept says that this was the last page of a sweep: call Reap before the next sweep begins. After a crash
	// Stream.Sweep.Reaping says the same.
	Swept bool
	// Warnings counts values that could not be read and were left out of profiles; the records were applied.
	Warnings int
}
