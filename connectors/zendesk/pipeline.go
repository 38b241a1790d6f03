package zendesk

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// pipelineID is the id of the one pipeline: Zendesk has one set of statuses for all tickets.
const pipelineID = "tickets"

// categories are the statuses of a ticket in their order; a custom status belongs to one of them. A ticket that is closed
// has no custom status of that kind, so closed is always a stage of its own.
var categories = []string{"new", "open", "pending", "hold", "solved", "closed"}

// stage is a status as the composed record shows it.
type stage struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Category string `json:"status_category"`
	Position int    `json:"position"`
	Active   bool   `json:"active"`
	Closed   bool   `json:"closed"`
}

// part is a ticket form or field, as far as the record shows it.
type part struct {
	ID     json.Number `json:"id"`
	Name   string      `json:"name"`
	Type   string      `json:"type,omitempty"`
	Active bool        `json:"active"`
}

// composed is the record of the pipeline. Zendesk has no such object: it is made of three.
type composed struct {
	ID     string  `json:"id"`
	Name   string  `json:"name"`
	Custom bool    `json:"custom_statuses"`
	Stages []stage `json:"stages"`
	Forms  []part  `json:"ticket_forms"`
	Fields []part  `json:"ticket_fields"`
}

// pipelines composes the one record. Its version is the oldest time of its parts, which stays; that one of two listings
// is the newer is told by Seen, also when a status was taken away.
func (a *account) pipelines(ctx context.Context) (connectors.Page, error) {
	fields, date, err := a.all(ctx, "list ticket fields", "/ticket_fields", "ticket_fields")
	if err != nil {
		return connectors.Page{}, err
	}
	forms, _, err := a.all(ctx, "list ticket forms", "/ticket_forms", "ticket_forms")
	if err != nil && !notOffered(err) {
		return connectors.Page{}, err // accounts without ticket forms are refused
	}
	statuses, _, err := a.all(ctx, "list custom statuses", "/custom_statuses", "custom_statuses")
	if err != nil && !notOffered(err) {
		return connectors.Page{}, err // accounts without custom statuses are refused
	}
	version := oldest(slices.Concat(fields, forms, statuses))
	if version.IsZero() {
		return connectors.Page{}, broken("list ticket fields", "answer has no time that can be read")
	}
	data, err := json.Marshal(composed{ID: pipelineID, Name: "Tickets", Custom: len(statuses) > 0,
		Stages: stagesOf(statuses, fields), Forms: partsOf(forms), Fields: partsOf(fields)})
	if err != nil {
		return connectors.Page{}, broken("list ticket fields", "answer has an id that is no number")
	}
	r := connectors.Record{Ref: a.ref(pipelinesStream, pipelineID), Version: version, Seen: date.UTC(), Data: data}
	return connectors.Page{Records: []connectors.Record{r}, Complete: date.UTC()}, nil
}

// notOffered reports whether Zendesk says itself that an account does not have something. A proxy's refusal, or that of a token
// that has just been revoked, says nothing of the account: taken for "no custom statuses" it would rename every stage.
func notOffered(err error) bool {
	var e *connectors.Error
	if !errors.As(err, &e) {
		return false
	}
	switch e.Status {
	case http.StatusForbidden:
		return e.Reason != ""
	case http.StatusNotFound:
		return strings.HasPrefix(e.Reason, "InvalidEndpoint") || strings.HasPrefix(e.Reason, "RecordNotFound")
	}
	return false
}

// all reads a list that is not paged.
func (a *account) all(ctx context.Context, op, path, name string) ([]gjson.Result, time.Time, error) {
	n, err := a.get(ctx, op, path, nil)
	if err != nil {
		return nil, time.Time{}, err
	}
	rows, err := n.list(op, name)
	return rows, n.date, err
}

// stagesOf returns the custom statuses, or, when the account has none, the statuses that the ticket field `status` offers.
func stagesOf(statuses, fields []gjson.Result) []stage {
	var list []stage
	for _, s := range statuses {
		list = append(list, stage{ID: s.Get("id").String(), Name: s.Get("agent_label").String(),
			Category: s.Get("status_category").String(), Active: s.Get("active").Bool()})
	}
	if len(statuses) == 0 {
		list = systemStages(fields)
	}
	if !slices.ContainsFunc(list, func(s stage) bool { return s.Category == "closed" }) {
		list = append(list, stage{ID: "closed", Name: "Closed", Category: "closed", Active: true})
	}
	slices.SortStableFunc(list, func(x, y stage) int {
		return slices.Index(categories, x.Category) - slices.Index(categories, y.Category)
	})
	for i := range list {
		list[i].Position, list[i].Closed = i, list[i].Category == "closed"
	}
	return list
}

// systemStages reads `system_field_options` of the status field. New is a status that nobody can choose, so it is missing
// there.
func systemStages(fields []gjson.Result) (list []stage) {
	have := []string{}
	for _, f := range fields {
		if f.Get("type").String() != "status" {
			continue
		}
		for _, o := range f.Get("system_field_options").Array() {
			if value := o.Get("value").String(); slices.Contains(categories, value) && !slices.Contains(have, value) {
				have = append(have, value)
				list = append(list, stage{ID: value, Name: o.Get("name").String(), Category: value, Active: true})
			}
		}
	}
	for _, value := range []string{"new", "open", "pending", "solved"} {
		if !slices.Contains(have, value) {
			list = append(list, stage{ID: value, Name: strings.ToUpper(value[:1]) + value[1:], Category: value, Active: true})
		}
	}
	return list
}

func partsOf(rows []gjson.Result) []part {
	list := []part{}
	for _, row := range rows {
		list = append(list, part{ID: json.Number(row.Get("id").String()), Type: row.Get("type").String(), Active: row.Get("active").Bool(),
			Name: either(row.Get("name").String(), row.Get("title").String())})
	}
	return list
}

func oldest(rows []gjson.Result) (first time.Time) {
	for _, row := range rows {
		at := parsed(either(row.Get("created_at").String(), row.Get("updated_at").String()))
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}
