package pubsub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/twmb/avro"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/millrace/millrace/connectors/salesforce/eventbus"
)

// maxSchemas bounds how many schemas are kept. An organization has one for each object that it captures, and a new one
// whenever fields change.
const maxSchemas = 1000

// headerField is the field of every change event that says what changed. It is the first one.
const headerField = "ChangeEventHeader"

// schema is what is kept of the Avro schema of an object's change events.
type schema struct {
	head   *avro.Schema // the event up to and with its header; what follows is not decoded
	fields []field      // all of them, in their order
	bad    error        // it cannot be read, nor what was written with it
}

// field is one field of a schema; nested are the names in a compound one.
type field struct {
	name   string
	nested []string
}

// schemaOf returns a schema that is known, or asks the vendor for it.
func (c *Client) schemaOf(ctx context.Context, api eventbus.PubSubClient, id string) (*schema, error) {
	c.mu.Lock()
	s := c.schemas[id]
	c.mu.Unlock()
	if s != nil {
		return s, nil
	}
	var trailer metadata.MD
	info, err := api.GetSchema(ctx, &eventbus.SchemaRequest{SchemaId: id}, grpc.Trailer(&trailer))
	if err != nil {
		return nil, refused("read event schema", err, trailer)
	}
	if s, err = parseSchema(info.GetSchemaJson()); err != nil {
		s = &schema{bad: err}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.schemas) >= maxSchemas {
		clear(c.schemas)
	}
	c.schemas[id] = s
	return s, nil
}

// avroField is a field of a record schema in JSON.
type avroField struct {
	Name string          `json:"name"`
	Type json.RawMessage `json:"type"`
}

// parseSchema reads the schema of change events. Only its beginning is made a decoder: the header comes first, and
// nothing that comes after it can then break the decoding.
func parseSchema(text string) (*schema, error) {
	var record struct {
		Type   string            `json:"type"`
		Name   string            `json:"name"`
		Fields []json.RawMessage `json:"fields"`
	}
	if err := json.Unmarshal([]byte(text), &record); err != nil {
		return nil, errors.New("the schema is not a record in JSON")
	}
	s, types, head := &schema{}, map[string][]string{}, -1
	for i, raw := range record.Fields {
		var f avroField
		if err := json.Unmarshal(raw, &f); err != nil {
			return nil, fmt.Errorf("field %d of the schema is none", i)
		}
		s.fields = append(s.fields, field{name: f.Name, nested: nestedIn(f.Type, types)})
		if f.Name == headerField {
			head = i
		}
	}
	if record.Type != "record" || head < 0 {
		return nil, errors.New("the schema is not one of change events")
	}
	front, err := json.Marshal(map[string]any{"type": "record", "name": "Event", "fields": record.Fields[:head+1]})
	if err != nil {
		return nil, err
	}
	s.head, err = avro.Parse(string(front))
	return s, err
}

// nestedIn returns the field names of a compound field's type: a record, possibly as a part of a union, or the name of
// one that an earlier field defined. Names are taken without their namespace, which is the event's.
func nestedIn(raw json.RawMessage, types map[string][]string) []string {
	var union []json.RawMessage
	if json.Unmarshal(raw, &union) == nil {
		for _, branch := range union {
			if names := nestedIn(branch, types); names != nil {
				return names
			}
		}
		return nil
	}
	var name string
	if json.Unmarshal(raw, &name) == nil {
		return types[name[strings.LastIndexByte(name, '.')+1:]]
	}
	var record struct {
		Type   json.RawMessage `json:"type"`
		Name   string          `json:"name"`
		Fields []avroField     `json:"fields"`
	}
	if json.Unmarshal(raw, &record) != nil || string(record.Type) != `"record"` {
		return nil
	}
	names := make([]string, len(record.Fields))
	for i, f := range record.Fields {
		names[i] = f.Name
	}
	types[record.Name[strings.LastIndexByte(record.Name, '.')+1:]] = names
	return names
}
