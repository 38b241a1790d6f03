package ledger

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

func drawStamp(t *rapid.T, name string) stamp {
	return stamp{version: drawTime(t, name), seen: drawTime(t, name), hash: rapid.Uint64().Draw(t, name) | 1}
}

// drawTime includes the zero time and years that UnixNano cannot hold.
func drawTime(t *rapid.T, name string) time.Time {
	sec := rapid.OneOf(rapid.Just(time.Time{}.Unix()), rapid.Int64Range(-1<<36, 1<<38)).Draw(t, name)
	return time.Unix(sec, rapid.Int64Range(0, 999_999_999).Draw(t, name)).UTC()
}

func TestMetaRowsComeBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := &meta{state: drawStamp(t, "state"), deleted: rapid.SampledFrom(deletions).Draw(t, "deleted"),
			into: recKey(rapid.StringN(0, 40, 80).Draw(t, "into")), mapping: rapid.Uint64().Draw(t, "mapping"),
			kind: rapid.SampledFrom(kindNumbers).Draw(t, "kind"), filter: rapid.String().Draw(t, "filter"),
			dead: rapid.Bool().Draw(t, "dead"), pass: rapid.Uint32().Draw(t, "pass"), missed: rapid.Byte().Draw(t, "missed")}
		m.content = rapid.SampledFrom([]stamp{m.state, {}, drawStamp(t, "content")}).Draw(t, "which")
		m.forgotten = rapid.SampledFrom([]stamp{{}, drawStamp(t, "forgotten")}).Draw(t, "which")
		m.id = latent(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))
		m.entity = rapid.SampledFrom([]latent{{}, m.id, {1}}).Draw(t, "entity")
		got, err := decodeMeta(m.encode(nil))
		if err != nil {
			t.Fatalf("decode: %v", err)
		}
		if d := cmp.Diff(m, got, cmp.AllowUnexported(meta{}, stamp{})); d != "" {
			t.Fatalf("got (+) and want (-):\n%s", d)
		}
	})
}

func TestRecordKeysComeBackAndNumbersLieInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ref := connectors.Ref{Connection: "a", Object: "b", ID: rapid.OneOf(rapid.StringN(1, 40, 200),
			rapid.StringMatching(`[0-9]{1,40}`)).Draw(t, "id")}
		key, err := keyOf(ref)
		if err != nil {
			return // a zero byte
		}
		if got, err := key.ref(); err != nil || got != ref {
			t.Fatalf("got %v, %v, want %v", got, err, ref)
		}
		a, b := rapid.Uint64().Draw(t, "a"), rapid.Uint64().Draw(t, "b")
		x, _ := keyOf(connectors.Ref{Connection: "a", Object: "b", ID: strconv.FormatUint(a, 10)})
		y, _ := keyOf(connectors.Ref{Connection: "a", Object: "b", ID: strconv.FormatUint(b, 10)})
		if (a < b) != (x < y) {
			t.Fatalf("%d and %d lie in another order", a, b)
		}
	})
}

func TestEntityIDsGrowAndComeBack(t *testing.T) {
	now := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	next := clockIDs(func() time.Time { return now })
	var ids []string
	for i := range 1000 {
		if i == 500 {
			now = now.Add(-time.Hour) // the clock steps back
		}
		ids = append(ids, entityID(canonical.Deal, next()))
	}
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Error("ids do not grow")
	}
	kind, id, err := parseEntityID(ids[7])
	if err != nil || entityID(kind, id) != ids[7] {
		t.Errorf("got %s %v, %v, want %s", kind, id, err, ids[7])
	}
	for _, bad := range []string{"", "deal_", "deal_123", "starship_" + ids[0][5:], ids[0] + "0", "deal_" + fmt.Sprintf("%026s", "u")} {
		if _, _, err := parseEntityID(bad); err == nil {
			t.Errorf("%q was taken for an id", bad)
		}
	}
}

// FuzzRows feeds every decoder any bytes: an error or a value, never a panic or a huge allocation.
func FuzzRows(f *testing.F) {
	m := &meta{state: stamp{hash: 1}, into: "a\x00b\x00@c", filter: "x", pass: 3}
	f.Add(m.encode(nil))
	f.Add((&body{targets: []recKey{"a\x00b\x00@c"}, profile: []byte("p"), packed: []byte("q")}).encode(nil))
	f.Add((&entity{members: []recKey{"a\x00b\x00@c"}, etag: 1}).encode())
	f.Add((&Dirty{Generation: 3, Error: "x"}).encode())
	f.Add((&FetchRef{Number: 1}).encode(time.Time{}))
	f.Fuzz(func(t *testing.T, row []byte) {
		if m, err := decodeMeta(row); err == nil {
			if _, err := decodeMeta(m.encode(nil)); err != nil {
				t.Errorf("a meta row that was read cannot be written and read: %v", err)
			}
		}
		if b, err := decodeBody(row); err == nil {
			_, _ = b.raw("a\x00b\x00@c")
			_, _ = b.decodeProfile("a\x00b\x00@c")
		}
		_, _ = decodeEntity("deal_x", row)
		_, _ = decodeDirty("deal_x", row)
		_, _ = decodeLink("key", row)
		_, _, _ = decodeFetchRef("a\x00b\x00@c", row)
	})
}
