package kvtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/router/ledger/kv"
)

// model is what a store should hold: one map per bucket.
type model map[kv.Bucket]map[string]string

func (m model) clone() model {
	c := model{}
	for b, kvs := range m {
		c[b] = maps.Clone(kvs)
	}
	return c
}

// list is what a scan should yield.
func (m model) list(b kv.Bucket, prefix string, from []byte) (pairs []string) {
	for _, k := range slices.Sorted(maps.Keys(m[b])) {
		if strings.HasPrefix(k, prefix) && k >= string(from) {
			pairs = append(pairs, k, m[b][k])
		}
	}
	return pairs
}

// behavesLikeAMap runs random transactions on an engine and on maps, some of which fail.
func behavesLikeAMap(t *testing.T, h Harness) {
	rapid.Check(t, func(rt *rapid.T) {
		e, err := h.Open(h.Place(t))
		if err != nil {
			rt.Fatalf("open: got %v, want a store", err)
		}
		defer e.Close()
		now := model{first: {}, second: {}}
		for range rapid.IntRange(1, 12).Draw(rt, "transactions") {
			now = oneTransaction(rt, e, now)
		}
		for _, b := range Buckets {
			wantContent(rt, e, b, now.list(b, "", nil)...)
		}
	})
}

// oneTransaction draws its operations first, because the function may run more than once.
func oneTransaction(rt *rapid.T, e kv.Engine, now model) model {
	ops := rapid.SliceOfN(rapid.Custom(drawOp), 1, 40).Draw(rt, "ops")
	fails := rapid.Float64Range(0, 1).Draw(rt, "fails") < 0.2
	var then model
	err := e.Update(context.Background(), func(tx kv.Tx) error {
		then = now.clone()
		for _, o := range ops {
			if err := o.do(tx, then); err != nil {
				return err
			}
		}
		if fails {
			return errOn
		}
		return nil
	})
	switch {
	case fails && !errors.Is(err, errOn):
		rt.Fatalf("failing update: got %v, want the function's own error", err)
	case fails:
		return now
	case err != nil:
		rt.Fatalf("update: got %v, want nil", err)
	}
	return then
}

// op is one operation of a transaction, with what it expects.
type op struct {
	kind   string
	bucket kv.Bucket
	key    string
	value  string
	prefix string
	from   []byte
	inner  []op // writes made while a scan runs
}

func drawOp(t *rapid.T) op {
	return drawOps(t, "put", "put", "delete", "get", "scan", "scan and write")
}

func drawOps(t *rapid.T, kinds ...string) op {
	key := rapid.StringMatching(`[ab/]{1,4}`)
	o := op{
		kind:   rapid.SampledFrom(kinds).Draw(t, "kind"),
		bucket: rapid.SampledFrom(Buckets).Draw(t, "bucket"),
		key:    key.Draw(t, "key"),
	}
	switch o.kind {
	case "put":
		size := rapid.SampledFrom([]int{0, 1, 60, 400, 5000}).Draw(t, "size")
		o.value = strings.Repeat(rapid.StringMatching(`[x-z]`).Draw(t, "fill"), size)
	case "scan", "scan and write":
		o.prefix = rapid.StringMatching(`[ab/]{0,2}`).Draw(t, "prefix")
		o.from = rapid.SampledFrom([][]byte{nil, []byte(o.key)}).Draw(t, "from")
	}
	if o.kind == "scan and write" {
		write := rapid.Custom(func(t *rapid.T) op { return drawOps(t, "put", "delete") })
		o.inner = rapid.SliceOfN(write, 1, 6).Draw(t, "inner")
	}
	return o
}

// do performs the operation on both sides and compares what they say.
func (o op) do(tx kv.Tx, m model) error {
	switch o.kind {
	case "put":
		m[o.bucket][o.key] = o.value
		return tx.Put(o.bucket, []byte(o.key), []byte(o.value))
	case "delete":
		delete(m[o.bucket], o.key)
		return tx.Delete(o.bucket, []byte(o.key))
	case "get":
		want, there := m[o.bucket][o.key]
		if got := tx.Get(o.bucket, []byte(o.key)); (got != nil) != there || string(got) != want {
			return fmt.Errorf("get %q of %s: got %.20q, want %.20q (present: %t)", o.key, o.bucket, got, want, there)
		}
		return nil
	}
	return o.scan(tx, m)
}

func (o op) scan(tx kv.Tx, m model) error {
	want := m.list(o.bucket, o.prefix, o.from)
	var got []string
	for k, v := range tx.Scan(o.bucket, []byte(o.prefix), o.from) {
		got = append(got, string(k), string(v))
		if i := len(got)/2 - 1; i < len(o.inner) {
			if err := o.inner[i].do(tx, m); err != nil {
				return err
			}
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("%s of %q from %q in %s: got %.200q, want %.200q", o.kind, o.prefix, o.from, o.bucket, got, want)
	}
	return nil
}
