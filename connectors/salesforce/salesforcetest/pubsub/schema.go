package pubsub

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/twmb/avro"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

// eventSchema is the Avro schema of an object's change events in one state of its fields.
type eventSchema struct {
	id, text string
	avro     *avro.Schema
	fields   []eventField
	at       map[string]spot // by the organization's name of a field
	made     int             // of so many fields of the organization
}

// eventField is one field of the event; of a compound one, nested are its parts.
type eventField struct {
	name   string
	kind   string // of values, Avro's
	time   string // date or datetime
	nested []eventField
}

// spot is where a field of the organization is in the event.
type spot struct{ field, nested int }

// header is the first field of every event
// (https://developer.salesforce.com/docs/platform/change-data-capture/guide/cdc-event-fields-header.html).
const header = `{"name":"ChangeEventHeader","type":{"type":"record","name":"ChangeEventHeader","fields":[` +
	`{"name":"entityName","type":"string"},{"name":"recordIds","type":{"type":"array","items":"string"}},` +
	`{"name":"changeType","type":{"type":"enum","name":"ChangeType","symbols":["CREATE","UPDATE","DELETE","UNDELETE",` +
	`"GAP_CREATE","GAP_UPDATE","GAP_DELETE","GAP_UNDELETE","GAP_OVERFLOW"]}},` +
	`{"name":"changeOrigin","type":"string"},{"name":"transactionKey","type":"string"},{"name":"sequenceNumber","type":"int"},` +
	`{"name":"commitTimestamp","type":"long"},{"name":"commitNumber","type":"long"},{"name":"commitUser","type":"string"},` +
	`{"name":"nulledFields","type":{"type":"array","items":"string"}},{"name":"diffFields","type":{"type":"array","items":"string"}},` +
	`{"name":"changedFields","type":{"type":"array","items":"string"}}]}}`

// schemaOf returns the present schema of an object's events, a new one when its fields changed; nil for no such object. The
// caller holds mu.
func (s *Server) schemaOf(object string) *eventSchema {
	fields := s.org.Fields(object)
	if fields == nil {
		return nil
	}
	if known := s.current[object]; known != nil && known.made == len(fields) { // fields are added, never taken away
		return known
	}
	e := newEventSchema(object, fields)
	var err error
	if e.avro, err = avro.Parse(e.text); err != nil {
		panic(fmt.Sprintf("salesforcetest/pubsub: schema of %s: %v", object, err)) // the simulator's mistake
	}
	s.schemas[e.id], s.current[object] = e, e
	return e
}

// newEventSchema lists the fields in the organization's order, the parts of compound ones in them.
func newEventSchema(object string, fields []salesforcetest.Field) *eventSchema {
	e := &eventSchema{made: len(fields), at: map[string]spot{}, fields: []eventField{{name: "ChangeEventHeader"}}}
	parts := map[string][]salesforcetest.Field{}
	for _, f := range fields {
		if f.Compound != "" {
			parts[f.Compound] = append(parts[f.Compound], f)
		}
	}
	for _, f := range fields {
		if f.Compound != "" || f.Calculated || slices.Contains([]string{"Id", "IsDeleted", "SystemModstamp"}, f.Name) {
			continue
		}
		x := fieldOf(f, f.Name)
		for _, p := range parts[f.Name] {
			e.at[p.Name] = spot{len(e.fields), len(x.nested)}
			x.nested = append(x.nested, fieldOf(p, strings.TrimPrefix(p.Name, strings.TrimSuffix(f.Name, "Address"))))
		}
		if len(x.nested) == 0 {
			e.at[f.Name] = spot{len(e.fields), -1}
		}
		e.fields = append(e.fields, x)
	}
	e.text = e.json(object)
	sum := md5.Sum([]byte(e.text))
	e.id = base64.RawURLEncoding.EncodeToString(sum[:])
	return e
}

func fieldOf(f salesforcetest.Field, name string) eventField {
	x := eventField{name: name, kind: "string"}
	switch f.Type {
	case "boolean", "int":
		x.kind = f.Type
	case "double", "currency", "percent":
		x.kind = "double"
	case "date", "datetime":
		x.kind, x.time = "long", f.Type
	}
	return x
}

// json writes the schema. A compound type is written once; another field with the same parts names it.
func (e *eventSchema) json(object string) string {
	name := strings.TrimSuffix(object, "c") // Invoice__c -> Invoice__ChangeEvent
	if !strings.HasSuffix(object, "__c") {
		name = object
	}
	written := map[string]string{} // parts -> name of the type
	list := []string{header}
	for _, f := range e.fields[1:] {
		kind := quote(f.kind)
		if f.nested != nil {
			kind = compound(f, written)
		}
		list = append(list, fmt.Sprintf(`{"name":%q,"type":["null",%s],"doc":"Data","default":null}`, f.name, kind))
	}
	return fmt.Sprintf(`{"type":"record","name":"%sChangeEvent","namespace":"com.sforce.eventbus","fields":[%s]}`, name, strings.Join(list, ","))
}

func compound(f eventField, written map[string]string) string {
	var parts []string
	for _, p := range f.nested {
		parts = append(parts, fmt.Sprintf(`{"name":%q,"type":["null",%q],"default":null}`, p.name, p.kind))
	}
	text := strings.Join(parts, ",")
	if known := written[text]; known != "" {
		return quote(known)
	}
	name := "PersonName"
	if strings.HasSuffix(f.name, "Address") {
		name = "Address"
	}
	if n := len(written); n > 0 {
		name = fmt.Sprint(name, n)
	}
	written[text] = "com.sforce.eventbus." + name
	return fmt.Sprintf(`{"type":"record","name":%q,"fields":[%s]}`, name, text)
}

func quote(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}
