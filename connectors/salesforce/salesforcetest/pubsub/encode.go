package pubsub

import (
	"fmt"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// encode writes a change as an event in Avro.
func (e *eventSchema) encode(c salesforcetest.Change, commit int64) ([]byte, error) {
	origin := ""
	if c.API {
		origin = "com/salesforce/api/rest/67.0;client=Simulator"
	}
	ids := c.IDs
	if ids == nil {
		ids = []string{}
	}
	var changed, nulled []spot
	record := map[string]any{}
	for name, v := range c.Fields {
		at, ok := e.at[name]
		if !ok {
			continue
		}
		if v == nil {
			nulled = append(nulled, at)
			continue
		}
		if err := e.put(record, at, v); err != nil {
			return nil, fmt.Errorf("field %s: %w", name, err)
		}
	}
	for _, name := range c.Changed {
		if at, ok := e.at[name]; ok {
			changed = append(changed, at)
		}
	}
	record["ChangeEventHeader"] = map[string]any{"entityName": c.Object, "recordIds": ids, "changeType": c.Type, "changeOrigin": origin,
		"transactionKey": c.Transaction, "sequenceNumber": c.Sequence, "commitTimestamp": c.At.UnixMilli(), "commitNumber": commit,
		"commitUser": c.User, "nulledFields": e.bitmaps(nulled), "diffFields": []string{}, "changedFields": e.bitmaps(changed)}
	return e.avro.Encode(record)
}

// put sets a value, within a compound field if it is part of one.
func (e *eventSchema) put(record map[string]any, at spot, v any) error {
	f := e.fields[at.field]
	if at.nested < 0 {
		value, err := f.value(v)
		record[f.name] = value
		return err
	}
	part := f.nested[at.nested]
	whole, _ := record[f.name].(map[string]any)
	if whole == nil {
		whole = map[string]any{}
		record[f.name] = whole
	}
	value, err := part.value(v)
	whole[part.name] = value
	return err
}

// value returns the organization's value (a string, a bool or a float64) as Avro's.
func (f eventField) value(v any) (any, error) {
	switch x := v.(type) {
	case float64:
		if f.kind == "int" {
			return int32(x), nil
		}
	case string:
		if f.time == "" {
			return x, nil
		}
		for _, layout := range []string{"2006-01-02T15:04:05.000-0700", time.RFC3339, time.DateOnly} {
			if t, err := time.Parse(layout, x); err == nil {
				return t.UnixMilli(), nil
			}
		}
		return nil, fmt.Errorf("%q is no time", x)
	}
	return v, nil
}

// bitmaps names fields as an event header does: a bitmap of the whole schema, then one for each compound field with its
// position in front (https://developer.salesforce.com/docs/platform/pub-sub-api/guide/event-deserialization-considerations.html).
func (e *eventSchema) bitmaps(spots []spot) []string {
	if len(spots) == 0 {
		return []string{}
	}
	top, nested := make([]byte, (len(e.fields)+7)/8), map[int][]byte{}
	any := false
	for _, at := range spots {
		if at.nested < 0 {
			top[at.field/8] |= 1 << (at.field % 8)
			any = true
			continue
		}
		if nested[at.field] == nil {
			nested[at.field] = make([]byte, (len(e.fields[at.field].nested)+7)/8)
		}
		nested[at.field][at.nested/8] |= 1 << (at.nested % 8)
	}
	var list []string
	if any || len(nested) == 0 { // when only parts of compound fields changed, the first element is theirs
		list = append(list, hexOf(top))
	}
	for i := range e.fields {
		if b := nested[i]; b != nil {
			list = append(list, fmt.Sprintf("%d-%s", i, hexOf(b)))
		}
	}
	return list
}

// hexOf writes bits, the lowest last.
func hexOf(bits []byte) string {
	var b strings.Builder
	b.WriteString("0x")
	for i := len(bits) - 1; i >= 0; i-- {
		fmt.Fprintf(&b, "%02X", bits[i])
	}
	return b.String()
}
