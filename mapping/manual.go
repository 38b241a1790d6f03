package mapping

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

// Manual is what a person says of a customer in the hub itself. It is kept as a record of the connection canonical.Hub,
// so that it takes part in survivorship like any source, where it wins.
type Manual struct {
	// Same is the record (connection/object/id) whose customer is meant; the manual record follows it wherever it goes.
	Same string `json:"same"`
	// Fields are the values by the names of the catalogue. A text is taken as a vendor's would be, "" says "empty"; lists
	// are JSON lists. null is not a value: leave the field out.
	Fields map[string]json.RawMessage `json:"fields"`
	// At is when each field was set; a field that is missing was set when the record was.
	At  map[string]time.Time `json:"at,omitempty"`
	By  string               `json:"by,omitempty"`
	Why string               `json:"why,omitempty"`
}

// manualVersion is part of a Set's version; it grows when the same manual record gives another profile than before.
const manualVersion = "manual 1"

// ManualRecord returns the record of a manual edit of an entity, whose latent id is the record's id. The values become
// normal; the error names the field that cannot be set so, never the value.
func ManualRecord(kind canonical.Kind, id string, m Manual, at time.Time) (connectors.Record, error) {
	rec := connectors.Record{Ref: connectors.Ref{Connection: canonical.Hub, Object: string(kind), ID: id}, Version: at.UTC(), Seen: at.UTC()}
	if _, ok := canonical.CleanRef(m.Same); !ok {
		return rec, fmt.Errorf("edit %s: it names no record connection/object/id", rec.Ref)
	}
	if len(m.Fields) > canonical.MaxFields {
		return rec, fmt.Errorf("edit %s: it has %d fields; at most %d are kept", rec.Ref, len(m.Fields), canonical.MaxFields)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		if _, err := manualValue(kind, name, m.Fields[name]); err != nil {
			return rec, fmt.Errorf("edit %s: %w", rec.Ref, err)
		}
	}
	var err error
	if rec.Data, err = json.Marshal(m); err != nil {
		return rec, fmt.Errorf("edit %s: a value is not JSON", rec.Ref)
	}
	if len(rec.Data) > MaxRecord {
		return rec, fmt.Errorf("edit %s: it has %d bytes; at most %d are mapped", rec.Ref, len(rec.Data), MaxRecord)
	}
	if len(m.Fields) == 0 { // nothing is said any more
		rec.Deleted.Kind = connectors.Soft
	}
	return rec, nil
}

// ReadManual reads the content of a manual record back.
func ReadManual(data []byte) (Manual, error) {
	var m Manual
	if err := json.Unmarshal(data, &m); err != nil {
		return Manual{}, fmt.Errorf("it is no manual edit")
	}
	return m, nil
}

// mapManual maps a manual record. A value that today's catalogue does not take any more is a warning.
func mapManual(rec connectors.Record) (canonical.Profile, Outcome, error) {
	p := canonical.Profile{Kind: canonical.Kind(rec.Ref.Object)}
	var out Outcome
	if canonical.Fields(p.Kind) == nil {
		return p, out, fmt.Errorf("map %s: there is no kind %q", rec.Ref, rec.Ref.Object)
	}
	m, err := ReadManual(rec.Data)
	if err != nil {
		return p, out, fmt.Errorf("map %s: %w", rec.Ref, err)
	}
	for _, name := range slices.Sorted(maps.Keys(m.Fields)) {
		value, err := manualValue(p.Kind, name, m.Fields[name])
		if err != nil {
			if len(out.Warnings) < MaxWarnings {
				out.Warnings = append(out.Warnings, Warning{Object: rec.Ref.Object, Field: name, Problem: err.Error()})
			}
			continue
		}
		p.Fields = append(p.Fields, canonical.Field{Name: name, Value: value})
		if at := m.At[name]; !at.IsZero() {
			p.Times = append(p.Times, canonical.FieldTime{Name: name, At: at.UTC().Truncate(time.Millisecond)})
		}
	}
	if ref, ok := canonical.CleanRef(m.Same); ok {
		p.Same = []string{ref}
	}
	return p, out, nil
}

// manualValue returns the normal form of a value that a person gives for a field.
func manualValue(kind canonical.Kind, name string, value json.RawMessage) (json.RawMessage, error) {
	def, err := canonical.Lookup(kind, name)
	if err != nil {
		if near := connectors.Nearest(name, canonical.Names(kind)); near != "" {
			return nil, fmt.Errorf("%w; did you mean %q?", err, near)
		}
		return nil, err
	}
	if !gjson.ValidBytes(value) || canonical.IsNull(value) {
		return nil, fmt.Errorf("%s: the value is not JSON, or null", name)
	}
	normal, err := manualNormal(def, gjson.ParseBytes(value))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if allowed := canonical.Choices(kind, name); allowed != nil && !canonical.IsNull(normal) && !slices.Contains(allowed, gjson.ParseBytes(normal).Str) {
		return nil, fmt.Errorf("%s: it is none of %v", name, allowed)
	}
	return normal, nil
}

// manualNormal takes a text as a vendor would write it, and JSON in the shape of the type.
func manualNormal(def canonical.Def, value gjson.Result) (json.RawMessage, error) {
	if value.IsArray() && value.Get("#").Int() == 0 {
		return json.RawMessage("null"), nil
	}
	if value.Type == gjson.String && def.Type != canonical.Typed {
		normal, err := canonical.Append(nil, def.Type, value.Str, canonical.Options{})
		if canonical.IsDoubt(err) {
			err = nil
		}
		return normal, err
	}
	if value.IsArray() && value.Get("0").Type == gjson.String { // of whole elements only the texts
		var list []string
		if err := json.Unmarshal([]byte(value.Raw), &list); err != nil {
			return nil, fmt.Errorf("not a list of texts")
		}
		return canonical.Normalize(def.Type, list)
	}
	return canonical.Normalize(def.Type, json.RawMessage(value.Raw))
}
