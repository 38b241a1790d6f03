package canonical

import (
	"encoding/json"
	"fmt"
	"maps"
	"strconv"
	"strings"
)

// The version of the schemas of all kinds. A higher minor only adds fields, parts, choices and types; a higher major
// changes what a name means. Adding to the catalogue raises the minor.
const (
	schemaMajor = 1
	schemaMinor = 0
)

// SchemaOf returns the name of the schema of a kind, "person/1.0".
func SchemaOf(k Kind) string { return fmt.Sprintf("%s/%d.%d", k, schemaMajor, schemaMinor) }

// ReadSchema returns the kind of a document by the name of its schema. A higher minor is taken: what it adds is kept
// by its name and says nothing here. A kind or a major that this program does not know is an error.
func ReadSchema(s string) (Kind, error) {
	name, version, _ := strings.Cut(s, "/")
	major, minor, found := strings.Cut(version, ".")
	m, err := strconv.Atoi(major)
	if _, bad := strconv.ParseUint(minor, 10, 31); err != nil || bad != nil || !found || name == "" {
		return "", fmt.Errorf("%q is not the name of a schema such as %s", s, SchemaOf(Person))
	}
	if fields[Kind(name)] == nil {
		return "", fmt.Errorf("schema %s: there is no kind %q", s, name)
	}
	if m != schemaMajor {
		return "", fmt.Errorf("schema %s: this program reads major %d; use the version of Millrace that wrote it", s, schemaMajor)
	}
	return Kind(name), nil
}

// JSONSchema returns the JSON Schema (draft 2020-12) of the documents of a kind, as package mapping/envelope writes
// them and `customer show --json` prints them, with a line break at the end; nil for an unknown kind. Members that it
// does not name are allowed, for a higher minor has them.
func JSONSchema(k Kind) []byte {
	if fields[k] == nil {
		return nil
	}
	doc := object{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "urn:millrace:schema:" + SchemaOf(k),
		"title": SchemaOf(k), "type": "object", "required": []string{"schema", "id", "data", "refs"},
		"properties": object{
			"schema":     object{"type": "string", "pattern": fmt.Sprintf(`^%s/%d\.[0-9]+$`, k, schemaMajor)},
			"id":         object{"type": "string", "pattern": "^" + k.Prefix()},
			"aliases":    listOf(object{"type": "string"}),
			"tenant":     object{"type": "string"},
			"version":    object{"type": "integer", "minimum": 0},
			"etag":       object{"type": "string", "description": "Equal for equal data."},
			"created_at": schemaOf(Time), "updated_at": schemaOf(Time),
			"data": dataSchema(k),
			"refs": object{"type": "array", "items": object{"type": "object", "required": []string{"connection", "object", "id", "state"}}},
			"prov": object{"type": "object", "description": "Where each value comes from; src is a place in refs."},
			"conflicts": listOf(object{"type": "object", "required": []string{"path", "values"},
				"description": "Fields whose sources disagree; the value that survived comes first."}),
			"custom": object{"type": "object", "additionalProperties": object{"type": "object", "additionalProperties": schemaOf(Typed)}},
			"tags":   schemaOf(Strings), "labels": schemaOf(Texts),
			"tombstone": object{"type": []string{"object", "null"}, "properties": object{"kind": object{"enum": tombstones}}},
		},
	}
	b, err := json.MarshalIndent(doc, "", "  ")
	if err != nil { // impossible: maps of texts
		return nil
	}
	return append(b, '\n')
}

type object = map[string]any

func listOf(element object) object { return object{"type": "array", "items": element} }

// dataSchema nests the fields of a kind by the dots of their names; tags and labels stand beside data.
func dataSchema(k Kind) object {
	top := object{"attr": object{"type": "object", "additionalProperties": schemaOf(Typed), "description": "Promoted custom attributes."}}
	for _, d := range fields[k] {
		in, name := top, d.Name
		switch group, rest, nested := strings.Cut(d.Name, "."); {
		case name == "tags" || name == "labels":
			continue
		case nested:
			inner, ok := top[group].(object)
			if !ok {
				inner = object{"type": "object", "properties": object{}}
				top[group] = inner
			}
			in, name = inner["properties"].(object), rest
		}
		s := schemaOf(d.Type)
		s["description"] = d.Help
		if only := Choices(k, d.Name); only != nil {
			s["enum"] = only
		}
		in[name] = s
	}
	return object{"type": "object", "properties": top}
}

// patterns are the forms of texts that JSON Schema can check.
var patterns = map[Type]string{
	Decimal: `^-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$`, Birthday: `^([0-9]{4}|-)-[0-9]{2}-[0-9]{2}$`, Country: `^[A-Z]{2}$`, Currency: `^[A-Z]{3}$`,
	Script: `^[A-Z][a-z]{3}$`, Ref: `^[^/]+/[^/]+/.+$`, Language: `^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$`,
}

func schemaOf(t Type) object {
	switch t {
	case Integer:
		return object{"type": "integer"}
	case Bool:
		return object{"type": "boolean"}
	case Date:
		return object{"type": "string", "format": "date"}
	case Time:
		return object{"type": "string", "format": "date-time"}
	case Money:
		return object{"type": "object", "required": []string{"amount", "currency"}, "properties": object{
			"amount":   object{"type": "string", "pattern": `^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`},
			"currency": object{"type": "string", "pattern": `^([A-Z]{3})?$`}}}
	case Typed:
		return object{"type": "object", "required": []string{"t", "v"}, "properties": object{"t": object{"enum": Tags()}}}
	case Domain, Strings:
		return listOf(object{"type": "string"})
	case Refs:
		return listOf(schemaOf(Ref))
	case Moments:
		return object{"type": "object", "additionalProperties": schemaOf(Time)}
	case Figures:
		return object{"type": "object", "additionalProperties": schemaOf(Decimal)}
	case Texts:
		return object{"type": "object", "additionalProperties": object{"type": "string"}}
	case Localizations:
		return object{"type": "object", "additionalProperties": partsSchema(parts[t])}
	case Email:
		return listOf(elementSchema("address", "address display type status", "primary verified shared", object{"bounced_at": schemaOf(Time)}))
	case Phone:
		return listOf(elementSchema("raw", "raw e164 ext type", "primary shared", nil))
	case Stages:
		return listOf(elementSchema("id", "id name kind probability", "closed won", object{"order": schemaOf(Integer)}))
	}
	if parts[t] != nil {
		return listOf(partsSchema(parts[t]))
	}
	s := object{"type": "string"}
	if p := patterns[t]; p != "" {
		s["pattern"] = p
	}
	return s
}

func partsSchema(list []Part) object {
	properties := object{}
	for _, p := range list {
		s := schemaOf(p.Type)
		s["description"] = p.Help
		if p.Only != nil {
			s["enum"] = p.Only
		}
		properties[p.Name] = s
	}
	return object{"type": "object", "properties": properties}
}

func elementSchema(required, texts, marks string, others object) object {
	properties := object{}
	for name := range strings.FieldsSeq(texts) {
		properties[name] = object{"type": "string"}
	}
	for name := range strings.FieldsSeq(marks) {
		properties[name] = object{"type": "boolean"}
	}
	maps.Copy(properties, others)
	return object{"type": "object", "required": []string{required}, "properties": properties}
}
