package canonical

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func drawProfile(t *rapid.T) Profile {
	p := Profile{Kind: rapid.SampledFrom(Kinds()).Draw(t, "kind")}
	names := append(Names(p.Kind), "custom.tier", "custom.źródło", "attr.tier")
	for _, name := range rapid.SliceOfNDistinct(rapid.SampledFrom(names), 0, 12, rapid.ID).Draw(t, "names") {
		d, err := Lookup(p.Kind, name)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := json.Marshal(drawJSON(t, d.Type))
		if err != nil {
			t.Fatal(err)
		}
		value, err := Normalize(d.Type, json.RawMessage(raw))
		if err != nil {
			continue
		}
		p.Fields = append(p.Fields, Field{Name: name, Value: value})
	}
	slices.SortFunc(p.Fields, func(a, b Field) int { return bytes.Compare([]byte(a.Name), []byte(b.Name)) })
	p.Same = rapid.SliceOf(rapid.StringMatching(`hs/contacts/[0-9]{1,4}`)).Draw(t, "same")
	for _, f := range p.Fields {
		if rapid.IntRange(0, 3).Draw(t, "timed") == 0 {
			p.Times = append(p.Times, FieldTime{f.Name, time.UnixMilli(rapid.Int64Range(-1<<45, 1<<45).Draw(t, "at")).UTC()})
		}
	}
	return p
}

func equal(a, b Profile) bool {
	return a.Kind == b.Kind && slices.Equal(a.Same, b.Same) && slices.Equal(a.Times, b.Times) && slices.EqualFunc(a.Fields, b.Fields, func(x, y Field) bool {
		return x.Name == y.Name && bytes.Equal(x.Value, y.Value)
	})
}

func TestBinaryRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawProfile(t)
		b := p.AppendBinary(nil)
		got, err := DecodeProfile(b)
		if err != nil || !equal(got, p) {
			t.Fatalf("decoded %v, %v; want %v", got, err, p)
		}
		if c := p.Clone(); !equal(c, p) || c.Hash() != p.Hash() {
			t.Fatalf("clone %v differs from %v", c, p)
		}
		if cut := rapid.IntRange(0, len(b)-1).Draw(t, "cut"); true {
			if _, err := DecodeProfile(b[:cut]); !errors.Is(err, ErrDamaged) {
				t.Fatalf("a profile cut to %d of %d bytes decodes with %v; want ErrDamaged", cut, len(b), err)
			}
		}
	})
}

func TestDecodeSharesMemory(t *testing.T) {
	p := Profile{Kind: Person, Fields: []Field{{"custom.tier", json.RawMessage(`"gold"`)}, {"title", json.RawMessage(`"CEO"`)}}, Same: []string{"hs/contacts/1"}}
	b := p.AppendBinary(nil)
	var d Profile
	if err := d.Decode(b); err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() { _ = d.Decode(b) }); n != 0 {
		t.Errorf("decoding into a used profile allocates %v times; want 0", n)
	}
	c := d.Clone()
	clear(b)
	if string(c.Get("title")) != `"CEO"` || c.Same[0] != "hs/contacts/1" {
		t.Errorf("the clone changed with the buffer: %v", c)
	}
}

func TestEveryFieldHasACode(t *testing.T) {
	for _, k := range Kinds() {
		for _, d := range Fields(k) {
			if codeOfName(d.Name) == 0 {
				t.Errorf("%s of %s has no number in code.go; append it", d.Name, k)
			}
		}
		if kindOfCode(codeOfKind(k)) != k || KindOfID(k.Prefix()+"x") != k {
			t.Errorf("%s does not come back from its code or its prefix", k)
		}
	}
	// Numbers are in ledgers. This line may only change by growing.
	if got := [...]string{names[1], names[22], names[31], names[50]}; !reflect.DeepEqual(got, [...]string{"name.full", "name", "amount", "stages"}) {
		t.Errorf("field numbers moved: %v", got)
	}
}

func TestHashSeesEveryClaim(t *testing.T) {
	base := Profile{Kind: Person, Fields: []Field{{"title", json.RawMessage(`"CEO"`)}}}
	for _, other := range []Profile{
		{Kind: Organization, Fields: base.Fields},
		{Kind: Person},
		{Kind: Person, Fields: []Field{{"title", json.RawMessage(`null`)}}},
		{Kind: Person, Fields: base.Fields, Same: []string{"a/b/c"}},
	} {
		if base.Hash() == other.Hash() {
			t.Errorf("%v and %v have one hash", base, other)
		}
	}
}

func FuzzDecodeProfile(f *testing.F) {
	p := Profile{Kind: Deal, Fields: []Field{{"amount", json.RawMessage(`{"amount":"1.00","currency":"EUR"}`)}, {"custom.x", json.RawMessage(`"y"`)}}, Same: []string{"a/b/c"}}
	f.Add(p.AppendBinary(nil))
	f.Add([]byte{1, 1, 0, 0})
	p.Times = []FieldTime{{"amount", time.UnixMilli(1_700_000_000_000)}, {"custom.x", time.UnixMilli(-5)}}
	f.Add(p.AppendBinary(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := DecodeProfile(b)
		if err != nil {
			return
		}
		if again := p.AppendBinary(nil); !bytes.Equal(again, b) {
			t.Fatalf("bytes %x decode to a profile with bytes %x", b, again)
		}
	})
}

func BenchmarkDecode(b *testing.B) {
	p := Profile{Kind: Person}
	for _, name := range Names(Person)[:12] {
		p.Fields = append(p.Fields, Field{Name: name, Value: json.RawMessage(`"some value of usual length"`)})
	}
	raw := p.AppendBinary(nil)
	b.Run("decode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = DecodeProfile(raw)
		}
	})
	b.Run("hash", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = p.Hash()
		}
	})
}
