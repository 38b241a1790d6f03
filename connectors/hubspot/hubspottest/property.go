package hubspottest

import (
	"net/mail"
	"strconv"
	"strings"
	"time"
)

// property is a definition as the properties API shows it, and what the simulator keeps beside it.
type property struct {
	Name           string   `json:"name"`
	Label          string   `json:"label"`
	Type           string   `json:"type"`
	FieldType      string   `json:"fieldType"`
	Description    string   `json:"description"`
	GroupName      string   `json:"groupName"`
	Options        []option `json:"options"`
	DisplayOrder   int      `json:"displayOrder"`
	Calculated     bool     `json:"calculated"`
	External       bool     `json:"externalOptions"`
	HasUniqueValue bool     `json:"hasUniqueValue"`
	Hidden         bool     `json:"hidden"`
	Defined        bool     `json:"hubspotDefined"`
	Modification   access   `json:"modificationMetadata"`
	FormField      bool     `json:"formField"`
	Sensitivity    string   `json:"dataSensitivity"`
	CreatedAt      string   `json:"createdAt"`
	UpdatedAt      string   `json:"updatedAt"`
	Archived       bool     `json:"archived"`

	slot     int
	computed computed
}

type access struct {
	Archivable         bool `json:"archivable"`
	ReadOnlyDefinition bool `json:"readOnlyDefinition"`
	ReadOnlyValue      bool `json:"readOnlyValue"`
}

type option struct {
	Label        string `json:"label"`
	Value        string `json:"value"`
	DisplayOrder int    `json:"displayOrder"`
	Hidden       bool   `json:"hidden"`
}

// computed says where a value comes from that no one stores.
type computed int

const (
	stored computed = iota
	fromID
	fromCreated
	fromModified
)

// clean checks a written value and returns the form in which it is stored and answered: HubSpot accepts dates as
// milliseconds or ISO 8601 and answers ISO 8601. An empty value clears the property and is always allowed.
func (p *property) clean(value string) (string, *badProperty) {
	if value == "" {
		return "", nil
	}
	bad := func(code, message string) (string, *badProperty) {
		return "", &badProperty{Message: message, Error: code, Name: p.Name}
	}
	switch p.Type {
	case "number":
		if _, err := strconv.ParseFloat(value, 64); err != nil {
			return bad("INVALID_INTEGER", value+" was not a valid number.")
		}
	case "bool":
		if value != "true" && value != "false" {
			return bad("INVALID_OPTION", value+" was not one of the allowed options: [true, false]")
		}
	case "enumeration":
		if wrong := p.wrongOption(value); wrong != "" {
			return bad("INVALID_OPTION", wrong+" was not one of the allowed options")
		}
	case "datetime", "date":
		at, ok := parseTime(value)
		if !ok {
			return bad("INVALID_LONG", value+" was not a valid long.")
		}
		if p.Type == "date" {
			return at.Format(time.DateOnly), nil
		}
		return stamp(at.UnixMilli()), nil
	}
	if p.Name == "email" {
		if a, err := mail.ParseAddress(value); err != nil || a.Address != strings.TrimSpace(value) {
			return bad("INVALID_EMAIL", "Email address "+value+" is invalid")
		}
		return normal(value), nil
	}
	return value, nil
}

// wrongOption returns the first part of a multi-select value that is no option; options that come from elsewhere
// (owners, pipelines) are not listed and not checked here.
func (p *property) wrongOption(value string) string {
	if p.External || len(p.Options) == 0 {
		return ""
	}
	for part := range strings.SplitSeq(value, ";") {
		if part != "" && !p.hasOption(part) {
			return part
		}
	}
	return ""
}

func (p *property) hasOption(value string) bool {
	for _, o := range p.Options {
		if o.Value == value {
			return true
		}
	}
	return false
}

// parseTime reads a date as HubSpot accepts it: milliseconds, ISO 8601, or a day.
func parseTime(value string) (time.Time, bool) {
	if ms, err := strconv.ParseInt(value, 10, 64); err == nil {
		return time.UnixMilli(ms).UTC(), true
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if at, err := time.Parse(layout, value); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}
