package hubspottest

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// selection is the set of properties an answer shows, sorted by name as HubSpot does.
type selection struct {
	props []*property
	// unset shows properties without a value as null, as reads do; answers to writes leave them out.
	unset bool
}

// selected returns the properties by name, or the type's small default set when no name is given. The id and both
// times are always there (recorded); unknown names are ignored.
func (t *table) selected(names []string) selection {
	if len(names) == 0 {
		names = t.defaults
	}
	all := append([]string{"hs_object_id", t.created, t.modified}, names...)
	slices.Sort(all)
	sel := selection{unset: true}
	for _, n := range slices.Compact(all) {
		if p := t.byName[n]; p != nil {
			sel.props = append(sel.props, p)
		}
	}
	return sel
}

// everything is the selection for answers to writes: all that has a value.
func (t *table) everything() selection {
	sel := selection{props: slices.Clone(t.props)}
	slices.SortFunc(sel.props, func(a, b *property) int { return strings.Compare(a.Name, b.Name) })
	return sel
}

// extra is what some answers add to an object.
type extra struct {
	associations json.RawMessage // of a list or get that asked for them
	trace        string          // objectWriteTraceId of a batch
	upsert       bool            // show new
	isNew        bool
}

// appendObject writes an object's JSON. It is written by hand because a page of 100 records with 30 properties is the
// hot path of every large test.
func (s *Server) appendObject(b []byte, t *table, o *object, v *version, sel selection, x extra) []byte {
	b = append(b, `{"id":"`...)
	b = strconv.AppendUint(b, o.id, 10)
	b = append(b, `","properties":{`...)
	first := true
	for _, p := range sel.props {
		value := t.value(o, v, p)
		if value == "" && !sel.unset {
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(appendString(b, p.Name), ':')
		if value == "" {
			b = append(b, "null"...)
			continue
		}
		b = appendString(b, value)
	}
	b = append(b, `},"createdAt":"`...)
	b = appendStamp(b, v.created)
	b = append(b, `","updatedAt":"`...)
	b = appendStamp(b, v.modified)
	b = append(b, `","archived":`...)
	b = strconv.AppendBool(b, v.archived != 0)
	if v.archived != 0 {
		b = append(b, `,"archivedAt":"`...)
		b = append(appendStamp(b, v.archived), '"')
	}
	if x.upsert {
		b = strconv.AppendBool(append(b, `,"new":`...), x.isNew)
	}
	if x.trace != "" {
		b = appendString(append(b, `,"objectWriteTraceId":`...), x.trace)
	}
	if x.associations != nil {
		b = append(append(b, `,"associations":`...), x.associations...)
	}
	b = append(b, `,"url":"https://app.hubspot.com/contacts/`...)
	b = strconv.AppendInt(b, s.opt.PortalID, 10)
	b = append(b, `/record/`...)
	b = append(append(b, t.id...), '/')
	b = strconv.AppendUint(b, o.id, 10)
	return append(b, `"}`...)
}

// appendString writes a JSON string; text that needs no escape, nearly all of it, is copied.
func appendString(b []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c == '"' || c == '\\' {
			return appendEscaped(b, s)
		}
	}
	if !utf8.ValidString(s) {
		return appendEscaped(b, s)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

func appendEscaped(b []byte, s string) []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // a string always marshals
	}
	return append(b, text...)
}

// appendNext writes the paging object of a list or search.
func appendNext(b []byte, after, link string) []byte {
	b = appendString(append(b, `,"paging":{"next":{"after":`...), after)
	if link != "" {
		b = appendString(append(b, `,"link":`...), link)
	}
	return append(b, "}}"...)
}
