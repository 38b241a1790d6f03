package ledger

import (
	"cmp"
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger/kv"
)

// Errors that callers test with errors.Is.
var (
	// ErrStale says that the stored cursor is not the one the page was read at: another worker was faster, or an
	// earlier attempt landed after all. Nothing was stored; read the stream's state and go on from there.
	ErrStale = errors.New("page was read at a cursor that is no longer the stream's")
	// ErrNotFound says that what was named is not in the ledger.
	ErrNotFound = errors.New("not in the ledger")
)

// Mapper turns a record into a profile. It must be a pure function of the record for as long as Version is the same.
// It is called outside of transactions wherever possible, and from several goroutines. Its error names the record by
// its reference and says nothing of the content: it becomes the cause of a dead letter.
type Mapper interface {
	Map(rec connectors.Record) (canonical.Profile, mapping.Outcome, error)
	Version() string
}

// Options of a ledger. Mapper is required; the others have defaults.
type Options struct {
	Workspace string           // "default"
	Now       func() time.Time // time.Now
	NewID     func() [16]byte  // ids of deliveries, which grow; from Now and chance
	// Key is 32 bytes that seal tokens and, through a derived key, name what is suppressed; nil = the ledger refuses to
	// keep tokens and to erase. Former are keys that Key replaced: what they suppressed stays suppressed.
	Key    []byte
	Former [][]byte
	// EraseOnWish has a vendor's deletion for privacy (connectors.Privacy) erase and suppress the whole customer, in all
	// its sources, with the next Upkeep. Without it the one record is forgotten. It needs Key.
	EraseOnWish bool
	Targets     []string // every changed entity is marked dirty for each of them
	// Reach is work.Rules.Watches: a pure function, called when the ledger opens and inside of transactions; nil = no
	// kind has items. After it or Targets changed, call Replan.
	Reach  func(canonical.Kind) work.Reach
	Mapper Mapper
	// KindOf returns the kind that Mapper makes of the records of an object, "" when it is not known; nil = of none. With
	// it, what points at a customer is found without looking at everything that does.
	KindOf func(connection, object string) canonical.Kind
	// Survivorship decides whose claims a golden record shows; nil = the built-in rules. After it changed, call Regold.
	Survivorship *identity.Survivorship
	// Resolver decides which records are the same customer; nil = the built-in, cautious one. When its Version changes,
	// Remap resolves every record again.
	Resolver *identity.Resolver
	Inbox    int           // most deliveries that wait to be parsed: 500,000
	LogKeep  int           // entries kept in the log of changes of an entity: 200
	LogAge   time.Duration // entries older than that go when the entity changes again; 0 = only their number counts
}

// Ledger is the durable state of one workspace. It is safe for concurrent use, also by several processes on one
// engine; every decision is taken inside of a transaction.
type Ledger struct {
	engine       kv.Engine
	ws           string
	now          func() time.Time
	newID        func() [16]byte
	targets      []string
	reach        func(canonical.Kind) work.Reach
	kindOf       func(connection, object string) canonical.Kind
	mapper       Mapper
	resolver     *identity.Resolver
	survivorship *identity.Survivorship
	mapping      uint64 // hash of the versions of mapper and resolver, and of this code's way of storing bodies
	logs         logLimits
	tied         int // MostTied, fewer in tests
	inbox        int // most deliveries
	seal         cipher.AEAD
	eraseOnWish  bool
	barKeys      [][]byte // of the suppression list, the present one first
}

// Open returns the ledger that lives in engine, which must have been opened with Buckets. It makes no transaction.
// Closing the engine is the caller's.
func Open(engine kv.Engine, o Options) (*Ledger, error) {
	if o.Workspace == "" {
		o.Workspace = "default"
	}
	if err := checkName("workspace", o.Workspace); err != nil {
		return nil, err
	}
	for _, target := range o.Targets {
		if err := checkName("target", target); err != nil {
			return nil, err
		}
	}
	if o.Mapper == nil {
		return nil, errors.New("open ledger: no mapper")
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewID == nil {
		o.NewID = clockIDs(o.Now)
	}
	if o.Resolver == nil {
		o.Resolver = identity.NewResolver(identity.Settings{})
	}
	if o.Reach == nil {
		o.Reach = func(canonical.Kind) work.Reach { return work.Reach{} }
	}
	if o.KindOf == nil {
		o.KindOf = func(string, string) canonical.Kind { return "" }
	}
	l := &Ledger{engine: engine, ws: o.Workspace + nul, now: o.Now, newID: o.NewID, targets: slices.Clone(o.Targets),
		reach: remembered(o.Reach), kindOf: o.KindOf, mapper: o.Mapper, resolver: o.Resolver, survivorship: o.Survivorship,
		mapping: xxhash.Sum64String(bodyForm + o.Mapper.Version() + nul + o.Resolver.Version()),
		logs:    logLimits{keep: cmp.Or(max(o.LogKeep, 0), logKeep), age: max(o.LogAge, 0)}, tied: MostTied, inbox: cmp.Or(max(o.Inbox, 0), defaultInbox)}
	var err error
	if l.seal, err = newSeal(o.Key); err != nil {
		return nil, err
	}
	if l.barKeys, err = barKeys(o.Key, o.Former); err != nil {
		return nil, err
	}
	if l.eraseOnWish = o.EraseOnWish; l.eraseOnWish && l.barKeys == nil {
		return nil, fmt.Errorf("open ledger: %w", errNoBarKey)
	}
	return l, nil
}

// remembered asks for the reach of each kind once: it is wanted several times for every record.
func remembered(reach func(canonical.Kind) work.Reach) func(canonical.Kind) work.Reach {
	known := map[canonical.Kind]work.Reach{}
	for _, k := range canonical.Kinds() {
		known[k] = reach(k)
	}
	return func(k canonical.Kind) work.Reach { return known[k] }
}

// Targets returns the names of the targets that changes are marked for.
func (l *Ledger) Targets() []string { return slices.Clone(l.targets) }

// Engine returns the store below, for backup, statistics and closing.
func (l *Ledger) Engine() kv.Engine { return l.engine }

// view and update name the operation in the error.
func (l *Ledger) view(ctx context.Context, what string, fn func(kv.Reader) error) error {
	if err := l.engine.View(ctx, fn); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// patiently is update for large pieces of work that nobody waits for: what vendors tell of goes before them.
func (l *Ledger) patiently(ctx context.Context, what string, fn func(*change) error) error {
	return l.update(kv.Patient(ctx), what, fn)
}

func (l *Ledger) update(ctx context.Context, what string, fn func(*change) error) error {
	err := l.engine.Update(ctx, func(tx kv.Tx) error {
		c := l.begin(tx)
		if err := fn(c); err != nil {
			return err
		}
		return c.flush()
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
