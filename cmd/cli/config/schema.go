package config

import (
	"encoding/json"

	"github.com/millrace/millrace/connectors"
)

// Schema returns the JSON Schema (draft 2020-12) of millrace.yaml for the given connectors, ending in a line break.
func Schema(list []connectors.Connector) []byte {
	var kinds []any
	for _, c := range list {
		kinds = append(kinds, connectionSchema(c.Spec))
	}
	root := object{
		"$schema":              "https://json-schema.org/draft/2020-12/schema",
		"title":                "Millrace configuration",
		"type":                 "object",
		"additionalProperties": false,
		"required":             []string{"connections"},
		"properties": object{
			"data":         text(helpOf("data")),
			"workspace":    text(helpOf("workspace")),
			"connections":  object{"type": "object", "minProperties": 1, "additionalProperties": object{"oneOf": kinds}},
			"targets":      texts(helpOf("targets")),
			"rules":        texts(helpOf("rules")),
			"lifecycle":    text(helpOf("lifecycle")),
			"survivorship": text(helpOf("survivorship")),
			"identity":     identitySchema(),
			"admin":        group(object{"listen": text(helpOf("admin.listen"))}),
			"webhooks":     webhooksSchema(),
			"delivery": group(object{
				"attempts":    object{"type": "integer", "minimum": 1, "description": helpOf("delivery.attempts")},
				"close_share": object{"type": "number", "minimum": 0, "maximum": 1, "description": helpOf("delivery.close_share")},
				"recheck":     text(helpOf("delivery.recheck")),
			}),
			"ledger": group(object{"key": text(helpOf("ledger.key")), "former_keys": texts(helpOf("ledger.former_keys"))}),
			"privacy": group(object{"on_vendor_erasure": object{"enum": []string{forgetRecord, eraseCustomer},
				"description": helpOf("privacy.on_vendor_erasure")}}),
			"log": group(object{
				"level":  object{"enum": []string{"debug", "info", "warn", "error"}},
				"format": object{"enum": []string{"text", "json"}},
			}),
		},
	}
	b, err := json.MarshalIndent(root, "", "  ")
	if err != nil {
		panic(err) // made of literals
	}
	return append(b, '\n')
}

type object map[string]any

func text(help string) object { return object{"type": "string", "description": help} }
func texts(help string) object {
	return object{"type": "array", "items": object{"type": "string"}, "description": help}
}
func group(properties object) object {
	return object{"type": "object", "additionalProperties": false, "properties": properties}
}

// connectionSchema is the schema of one connection of a connector.
func connectionSchema(spec connectors.Spec) object {
	properties := object{}
	for _, common := range Common() {
		properties[common.Name] = settingSchema(common)
	}
	properties["quota_share"] = object{"type": "number", "exclusiveMinimum": 0, "maximum": 1, "description": helpOf("quota_share")}
	properties["workers"] = object{"type": "integer", "minimum": 0, "description": helpOf("workers")}
	properties["region"] = object{"type": "string", "pattern": `^([A-Z]{2}|\$\{.*\})$`, "description": helpOf("region")}
	properties["connector"] = object{"const": spec.Name, "description": spec.Summary}
	required := []string{"connector"}
	for _, s := range spec.Settings {
		properties[s.Name] = settingSchema(s)
		if s.Required && s.Default == "" {
			required = append(required, s.Name)
		}
	}
	return object{"type": "object", "title": spec.Title, "additionalProperties": false, "required": required, "properties": properties}
}

// settingSchema is the schema of one setting. A ${VAR} may stand for any value, so only lists are told from scalars.
func settingSchema(s connectors.Setting) object {
	o := object{"description": s.Help}
	switch s.Kind {
	case connectors.ListSetting:
		o["type"], o["items"] = "array", object{"type": "string"}
	case connectors.BoolSetting:
		o["type"] = []string{"boolean", "string"}
	case connectors.IntSetting, connectors.NumberSetting:
		o["type"] = []string{"number", "string"}
	default:
		o["type"] = []string{"string", "number"}
	}
	if s.Default != "" {
		o["default"] = s.Default
	}
	if s.Kind == connectors.ListSetting && s.Choices != nil {
		o["items"] = object{"enum": s.Choices}
	} else if s.Choices != nil {
		o["examples"] = s.Choices
	}
	return o
}
