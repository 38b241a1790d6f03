package asana

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"

	"github.com/millrace/millrace/connectors"
)

// decimal is what Asana takes for a number; the text goes through as it is, so that no cent is lost to floating point.
var decimal = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`)

// value is one custom field of an item as Asana takes it.
type value struct {
	name, gid, kind string
	json            any    // nil clears
	text            string // what a read shows when it is already there
	precision       int
}

// encode turns a field of an item into what the custom field of that name takes: its type at Asana decides, since a
// person may have made the field.
func encode(w connectors.Field, f *field) (value, error) {
	v := value{name: w.Name, gid: f.gid, kind: f.kind, precision: f.precision}
	if w.Value == "" {
		return v, nil
	}
	switch f.kind {
	case kindText:
		v.text = oneLine(w.Value, maxValue)
		v.json = v.text
	case kindNumber:
		if !decimal.MatchString(w.Value) {
			return v, unfit(w, f, "the value is no decimal number")
		}
		v.text, v.json = w.Value, json.Number(w.Value)
	case kindEnum:
		v.text = f.options[fold(w.Value)].gid
		v.json = v.text
	case kindMultiEnum:
		v.text = f.options[fold(w.Value)].gid
		v.json = []string{v.text}
	case kindDate:
		v.text, v.json = w.Value, map[string]string{"date": w.Value}
	default:
		return v, unfit(w, f, "only text, number, enum, multi_enum and date can be written")
	}
	return v, nil
}

// unfit says that a field a person made cannot hold what a rule wants to show in it.
func unfit(w connectors.Field, f *field, why string) error {
	return &connectors.Error{Kind: connectors.Rejected, Op: "write custom field",
		Reason: fmt.Sprintf("field %q is of type %s in Asana: %s; rename one of the two", w.Name, f.kind, why)}
}

// about adds the field to an error; a field's name comes from the mapping and is no personal data.
func about(err error, field string) error {
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.Rejected {
		return err
	}
	with := *e
	if with.Reason != reasonPaid {
		with.Reason = fmt.Sprintf("field %q: %s", field, e.Reason)
	}
	return &with
}

// shownValue is a custom field of a task as a read shows it.
type shownValue struct {
	GID    string       `json:"gid"`
	Name   string       `json:"name"`
	Text   *string      `json:"text_value"`
	Number *json.Number `json:"number_value"`
	Enum   *named       `json:"enum_value"`
	Multi  []named      `json:"multi_enum_values"`
	Date   *struct {
		Date string `json:"date"`
	} `json:"date_value"`
}

// empty reports whether the field has no value of a kind that can be cleared.
func (s shownValue) empty() bool {
	return (s.Text == nil || *s.Text == "") && s.Number == nil && s.Enum == nil && len(s.Multi) == 0 && s.Date == nil
}

// shows reports whether the task already shows v.
func (v value) shows(s shownValue) bool {
	switch v.kind {
	case kindText:
		return s.Text == nil && v.text == "" || s.Text != nil && *s.Text == v.text
	case kindNumber:
		return s.Number == nil && v.text == "" || s.Number != nil && sameNumber(s.Number.String(), v.text, v.precision)
	case kindEnum:
		return s.Enum == nil && v.text == "" || s.Enum != nil && s.Enum.GID == v.text
	case kindMultiEnum:
		return len(s.Multi) == 0 && v.text == "" || len(s.Multi) == 1 && s.Multi[0].GID == v.text
	case kindDate:
		return s.Date == nil && v.text == "" || s.Date != nil && s.Date.Date == v.text
	}
	return false
}

// sameNumber compares decimals by value as far as the field keeps it: 12500.50 is 12500.5.
func sameNumber(a, b string, precision int) bool {
	x, okX := new(big.Rat).SetString(a)
	y, okY := new(big.Rat).SetString(b)
	return okX && okY && x.FloatString(precision) == y.FloatString(precision)
}
