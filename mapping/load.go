package mapping

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// File is one file of rules; Name is what errors call it.
type File struct {
	Name string
	Data []byte
}

// mapper is part of Version; it grows when the same rules and record give another profile than before.
const mapper = "mapper 2"

// Load reads a connector's rules and the overlays of the configuration, in this order. The error lists every problem
// with file, line and column and says what to do.
func Load(files ...File) (*Rules, error) {
	if len(files) == 0 {
		return nil, fmt.Errorf("load rules: there is no file")
	}
	merged := &tree.Node{Kind: tree.Map}
	for _, f := range files {
		n, err := tree.Parse(f.Name, f.Data)
		if err != nil {
			return nil, fmt.Errorf("load rules: %w", err)
		}
		var report tree.Report
		checkFile(n, &report)
		if err := report.Err(); err != nil {
			return nil, fmt.Errorf("load rules: %w", err)
		}
		merged = overlay(merged, n, "")
	}
	l := loader{rules: &Rules{objects: map[string]*object{}, version: versionOf(merged)}}
	l.objects(merged)
	if err := l.report.Err(); err != nil {
		return nil, fmt.Errorf("load rules: %w", err)
	}
	return l.rules, nil
}

func checkFile(n *tree.Node, r *tree.Report) {
	if !n.IsMap(r, "a rule file") {
		return
	}
	n.Only(r, "a rule file", "version", "objects")
	if v := n.Get("version"); v != nil && (v.Kind != tree.Scalar || v.Text != "1") {
		r.Addf(v.Pos, "the version of the rule format must be 1")
	}
	if o := n.Get("objects"); o == nil {
		r.Addf(n.Pos, "there are no objects")
	} else if o.IsMap(r, "objects") {
		for _, e := range o.Entries {
			if e.Value.Kind != tree.Null { // an overlay's way to remove an object
				e.Value.IsMap(r, "the object "+e.Key)
			}
		}
	}
}

// overlay returns base with the entries of top added and replaced; null removes. Objects and what is named within
// them are merged one by one, cross-references are added, everything else is replaced whole.
func overlay(base, top *tree.Node, level string) *tree.Node {
	out := *base
	out.Entries = slices.Clone(base.Entries)
	if base.File == "" {
		out.Pos = top.Pos
	}
	for _, e := range top.Entries {
		i := slices.IndexFunc(out.Entries, func(o tree.Entry) bool { return o.Key == e.Key })
		if i < 0 {
			out.Entries = append(out.Entries, e)
			continue
		}
		old := out.Entries[i].Value
		switch {
		case e.Value.Kind == tree.Null && level != "":
			out.Entries = slices.Delete(out.Entries, i, i+1)
			continue
		case old.Kind == tree.Map && e.Value.Kind == tree.Map && merges(level, e.Key):
			e.Value = overlay(old, e.Value, level+"/"+e.Key)
		case old.Kind == tree.List && e.Value.Kind == tree.List && e.Key == "same":
			joined := *e.Value
			joined.Items = append(slices.Clone(old.Items), e.Value.Items...)
			e.Value = &joined
		}
		out.Entries[i] = e
	}
	return &out
}

// merges reports whether the map at a level is merged entry by entry: objects, each object, its fields and filters.
func merges(level, key string) bool {
	switch strings.Count(level, "/") {
	case 0:
		return key == "objects"
	case 1:
		return true
	}
	return strings.Count(level, "/") == 2 && (key == "fields" || key == "where" || key == "promote")
}

// versionOf hashes what the rules say, not how they are written.
func versionOf(n *tree.Node) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s\n%s", mapper, canonical.Schema)
	var walk func(n *tree.Node)
	walk = func(n *tree.Node) {
		fmt.Fprintf(h, "(%d %q", n.Kind, n.Text)
		entries := slices.Clone(n.Entries)
		slices.SortStableFunc(entries, func(a, b tree.Entry) int { return strings.Compare(a.Key, b.Key) })
		for _, e := range entries {
			fmt.Fprintf(h, "%q:", e.Key)
			walk(e.Value)
		}
		for _, item := range n.Items {
			walk(item)
		}
		fmt.Fprint(h, ")")
	}
	walk(n)
	return hex.EncodeToString(h.Sum(nil))[:16]
}
