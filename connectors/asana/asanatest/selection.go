package asanatest

import "strings"

// selection is a parsed opt_fields: the wanted names, each with the names wanted inside it. Nil means "not given".
// https://developers.asana.com/docs/inputoutput-options
type selection map[string]selection

// maxSelection bounds the depth of opt_fields; Asana charges deep paths to a cost limit of its own.
const maxSelection = 8

// parseSelection reads "name,assignee.email,this.notes"; an empty text is nil.
func parseSelection(text string) selection {
	var want selection
	for path := range strings.SplitSeq(text, ",") {
		path = strings.TrimPrefix(strings.TrimSpace(path), "this.")
		if path == "" {
			continue
		}
		if want == nil {
			want = selection{}
		}
		want.add(strings.SplitN(path, ".", maxSelection))
	}
	return want
}

func (s selection) add(path []string) {
	at := s
	for _, name := range path {
		if at[name] == nil {
			at[name] = selection{}
		}
		at = at[name]
	}
}

// omitted is what a getter returns when the object has no such property to show.
type omitted struct{}

// renderer shows objects to one viewer.
type renderer struct {
	st  *state
	who viewer
}

// view knows how to show one kind of object: which properties exist and which are shown when none are asked for.
type view[T any] struct {
	full    []string // a single object
	compact []string // inside a list or another object
	get     map[string]func(r *renderer, x T, sub selection) any
}

// show builds the JSON object. Names that do not exist are left out silently, as Asana does.
func (v *view[T]) show(r *renderer, x T, want selection, names []string) map[string]any {
	if want != nil {
		out := make(map[string]any, len(want)+1)
		out["gid"] = v.get["gid"](r, x, nil)
		for name, sub := range want {
			v.put(out, r, x, name, sub)
		}
		return out
	}
	out := make(map[string]any, len(names))
	for _, name := range names {
		v.put(out, r, x, name, nil)
	}
	return out
}

func (v *view[T]) put(out map[string]any, r *renderer, x T, name string, sub selection) {
	get := v.get[name]
	if get == nil {
		return
	}
	shown := get(r, x, sub)
	if _, none := shown.(omitted); !none {
		out[name] = shown
	}
}

// one shows an object on its own: all usual properties, or exactly those asked for.
func (v *view[T]) one(r *renderer, x T, want selection) map[string]any {
	return v.show(r, x, want, v.full)
}

// ref shows an object inside another: compact, or its gid and the properties asked for with a dotted path.
func (v *view[T]) ref(r *renderer, x T, sub selection) map[string]any {
	if len(sub) == 0 {
		sub = nil
	}
	return v.show(r, x, sub, v.compact)
}

// refs shows many; nobody is an empty list, never null.
func refs[T any](v *view[T], r *renderer, list []T, sub selection) []any {
	out := make([]any, 0, len(list))
	for _, x := range list {
		out = append(out, v.ref(r, x, sub))
	}
	return out
}
