package connectors_test

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
)

// TestDerivedSetting: what follows from another setting is found out unless it is set, and checked like what is set.
func TestDerivedSetting(t *testing.T) {
	spec := connectors.Spec{Name: "acme", Settings: []connectors.Setting{
		{Name: "key", Kind: connectors.SecretSetting},
		{Name: "zone", Kind: connectors.IntSetting, Derive: func(v connectors.Values) string {
			_, zone, _ := strings.Cut(v.Secret("key").Reveal(), "-")
			return zone
		}},
		{Name: "base_url", Kind: connectors.URLSetting, Default: "https://z{zone}.acme.example"},
	}}
	for _, c := range []struct {
		raw        map[string]any
		zone, base string
		problems   int
	}{
		{map[string]any{"key": "k-7"}, "7", "https://z7.acme.example", 0},
		{map[string]any{"key": "k-7", "zone": 8}, "8", "https://z8.acme.example", 0},
		{map[string]any{"key": "k"}, "", "", 0},
		{map[string]any{"key": "k-x"}, "x", "https://zx.acme.example", 1},
	} {
		v, problems := spec.Parse(c.raw)
		if v.String("zone") != c.zone || v.String("base_url") != c.base || len(problems) != c.problems {
			t.Errorf("%v: got %q, %q and %v", c.raw, v.String("zone"), v.String("base_url"), problems)
		}
	}
}
