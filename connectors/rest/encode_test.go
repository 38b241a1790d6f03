package rest

import (
	"encoding/json"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

// values draws what connectors put into bodies, and some of what only encoding/json can write.
func values(depth int) *rapid.Generator[any] {
	plain := []*rapid.Generator[any]{
		rapid.Just[any](nil), rapid.Bool().AsAny(), rapid.String().AsAny(), rapid.Int32().AsAny(), rapid.Float64Range(-1e9, 1e9).AsAny(),
		rapid.SliceOfN(rapid.String(), 0, 3).AsAny(),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 6), func(b []byte) any { return string(b) }),
		rapid.Just[any]([]string(nil)), rapid.Just[any](map[string]any(nil)), rapid.Just[any](struct{ A, B string }{"<&>", "\u2028"}),
		rapid.Just[any](json.RawMessage(`{"raw":[1, 2]}`)),
	}
	if depth == 0 {
		return rapid.OneOf(plain...)
	}
	inner := values(depth - 1)
	object := rapid.MapOfN(rapid.String(), inner, 0, 4)
	return rapid.OneOf(append(plain, object.AsAny(), rapid.SliceOfN(inner, 0, 4).AsAny(), rapid.SliceOfN(object, 0, 3).AsAny())...)
}

// TestEncodeIsJSON: the body means what encoding/json would have written.
func TestEncodeIsJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := values(3).Draw(t, "value")
		got, err := appendJSON(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		want, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		var a, b any
		if err := json.Unmarshal(got, &a); err != nil {
			t.Fatalf("got %q, which is no JSON: %v", got, err)
		}
		if err := json.Unmarshal(want, &b); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(a, b) {
			t.Fatalf("got %q, want %q", got, want)
		}
	})
}

func TestEncodeRefusesWhatIsNoJSON(t *testing.T) {
	for _, v := range []any{func() {}, map[string]any{"a": []any{make(chan int)}}} {
		if got, err := encode(v); err == nil {
			t.Errorf("got %q for a %T, want an error", got, v)
		}
	}
}
