package hubspot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// maxEvents bounds a delivery. HubSpot sends at most 100 events; more are taken as long as they are not absurd.
const maxEvents = 10_000

// Parse implements connectors.Webhook. Events of other accounts, of objects that are not read and of unknown types are
// ignored. Several events of one record become one hint with the newest time: all they say is to look.
// https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide
func (a *account) Parse(d connectors.Delivery) ([]connectors.Hint, error) {
	if len(d.Body) > maxDelivery || !gjson.ValidBytes(d.Body) {
		return nil, errors.New("parse delivery: body is not JSON or too large")
	}
	body := gjson.ParseBytes(d.Body)
	if !body.IsArray() {
		return nil, errors.New("parse delivery: body is not an array of events")
	}
	hints := hintSet{index: map[connectors.Hint]int{}}
	n := 0
	body.ForEach(func(_, event gjson.Result) bool {
		n++
		a.hooks.event(event, &hints)
		return n <= maxEvents
	})
	if n > maxEvents {
		return nil, fmt.Errorf("parse delivery: more than %d events", maxEvents)
	}
	return hints.list, nil
}

// hintSet keeps one hint for each record and way of being gone.
type hintSet struct {
	list  []connectors.Hint
	index map[connectors.Hint]int
}

func (s *hintSet) add(h connectors.Hint) {
	key := connectors.Hint{Ref: h.Ref, Deleted: h.Deleted}
	i, ok := s.index[key]
	if !ok {
		s.index[key] = len(s.list)
		s.list = append(s.list, h)
		return
	}
	if h.At.After(s.list[i].At) {
		s.list[i].At = h.At
	}
}

// event adds what one event hints at. Its type is in subscriptionType; some of HubSpot's examples say eventType.
func (h hooks) event(e gjson.Result, hints *hintSet) {
	if portal := e.Get("portalId"); h.portal != 0 && portal.Exists() && portal.Int() != h.portal {
		return
	}
	kind := e.Get("subscriptionType").String()
	if kind == "" {
		kind = e.Get("eventType").String()
	}
	name, what, _ := strings.Cut(kind, ".")
	at := eventTime(e.Get("occurredAt"))
	if what == "associationChange" {
		h.association(e, name, at, hints)
		return
	}
	o, ok := h.object(name, e)
	id := idOf(e.Get("objectId"))
	if !ok || id == "" {
		return
	}
	ref := connectors.Ref{Connection: h.connection, Object: o.name, ID: id}
	switch what {
	case "creation", "propertyChange", "restore":
		hints.add(connectors.Hint{Ref: ref, At: at})
	case "deletion":
		hints.add(connectors.Hint{Ref: ref, Deleted: connectors.Deletion{Kind: connectors.Archived}, At: at})
	case "privacyDeletion":
		hints.add(connectors.Hint{Ref: ref, Deleted: connectors.Deletion{Kind: connectors.Privacy}, At: at})
	case "merge":
		h.merge(e, ref, at, hints)
	}
}

// object returns what an event is about: `contact.creation`, or `object.creation` with a type id.
func (h hooks) object(name string, e gjson.Result) (object, bool) {
	if name == "object" {
		name = e.Get("objectTypeId").String()
	}
	return h.reads(name)
}

// reads returns the object of that name when the connection reads it.
func (h hooks) reads(name string) (object, bool) {
	o, ok := findObject(name)
	return o, ok && slices.ContainsFunc(h.objects, func(read object) bool { return read.name == o.name })
}

// merge hints at the survivor and says of every other id where it went. Since January 2025 the survivor has a new id;
// a delivery without one is of before, when the primary lived on.
func (h hooks) merge(e gjson.Result, ref connectors.Ref, at time.Time, hints *hintSet) {
	primary := idOf(e.Get("primaryObjectId"))
	survivor := idOf(e.Get("newObjectId"))
	if survivor == "" {
		survivor = primary
	}
	into := ref
	if survivor != "" {
		into.ID = survivor
	}
	hints.add(connectors.Hint{Ref: into, At: at})
	old := []string{ref.ID, primary}
	for _, id := range e.Get("mergedObjectIds").Array() {
		old = append(old, idOf(id))
	}
	for _, id := range old {
		if id == "" || id == into.ID {
			continue
		}
		gone := into
		gone.ID = id
		hints.add(connectors.Hint{Ref: gone, Deleted: connectors.Deletion{Kind: connectors.Merged, Into: into}, At: at})
	}
}

// association hints at both ends: neither's modification time moves. The kinds are in associationType
// (CONTACT_TO_COMPANY) or, for `object.associationChange`, in type ids.
func (h hooks) association(e gjson.Result, name string, at time.Time, hints *hintSet) {
	from, to, ok := strings.Cut(e.Get("associationType").String(), "_TO_")
	if !ok {
		from, to = name, ""
	}
	if from == "object" || from == "" {
		from = e.Get("fromObjectTypeId").String()
	}
	if to == "" {
		to = e.Get("toObjectTypeId").String()
	}
	to, _, _ = strings.Cut(to, "_") // DEAL_TO_CONTACT_3 and the like carry a label
	for _, end := range []struct{ kind, id string }{{from, idOf(e.Get("fromObjectId"))}, {to, idOf(e.Get("toObjectId"))}} {
		if o, ok := h.reads(end.kind); ok && end.id != "" {
			hints.add(connectors.Hint{Ref: connectors.Ref{Connection: h.connection, Object: o.name, ID: end.id}, At: at})
		}
	}
}

// idOf returns an object id, which webhooks write as a JSON number and everything else as a string. The digits are
// taken as they stand: a float would lose them above 2^53.
func idOf(v gjson.Result) string {
	text := v.Str
	if v.Type == gjson.Number {
		text = v.Raw
	}
	if !isID(text) {
		return ""
	}
	return text
}

// eventTime reads epoch milliseconds; anything out of the range of sane times is no time.
func eventTime(v gjson.Result) time.Time {
	ms := v.Int()
	if ms <= 0 || ms > 1<<43 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
