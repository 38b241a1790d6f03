package hubspot

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// Associations come in two shapes. The list endpoint embeds
//
//	"associations":{"companies":{"results":[{"id":"7","type":"contact_to_company"}]}}
//
// and cuts long ones; search and batch read have none, and for those the batch endpoint of the associations API is
// asked, whose answers carry numbers for types. A record must be the same bytes whichever way it came, so the member
// `associations` is always written anew: in the list's shape, ordered by id and type, without paging, and left out
// when there is nothing in it. Nothing else of the vendor's object is touched.

// linkTypes are HubSpot's own association types in the words of the list endpoint. `…_unlabeled` is the plain link;
// the one without it marks the primary company.
// https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide
var linkTypes = map[int64]string{
	1: "contact_to_company", 279: "contact_to_company_unlabeled",
	5: "deal_to_company", 341: "deal_to_company_unlabeled", 3: "deal_to_contact",
	26: "ticket_to_company", 339: "ticket_to_company_unlabeled", 16: "ticket_to_contact",
}

// link is one association as the list endpoint shows it.
type link struct {
	ID   string `json:"id"`
	Type string `json:"type"`
}

// links are the associations of a page: by the id they lead from, then by the object they lead to.
type links map[string]map[string][]link

func (l links) add(from, to string, one link) {
	if l[from] == nil {
		l[from] = map[string][]link{}
	}
	l[from][to] = append(l[from][to], one)
}

const (
	// linkInputs is the most objects one request may ask for.
	linkInputs = 1000
	// linkRounds bounds the pages of 500 that the most linked object of a page may have.
	linkRounds = 200
)

// linksOf asks for all associations of the objects.
func (a *account) linksOf(ctx context.Context, o object, ids []string) (links, error) {
	all := links{}
	for _, to := range o.to {
		for part := range slices.Chunk(ids, linkInputs) {
			if err := a.readLinks(ctx, o, to, part, all); err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// linkInput asks for the associations of one object, from a paging cursor on.
type linkInput struct {
	ID    string `json:"id"`
	After string `json:"after,omitempty"`
}

// readLinks reads the associations of one pair of kinds to their end: each round asks for the next page of every
// object that has one. An end that is not reached is an error, because a missing link would look like a removed one.
func (a *account) readLinks(ctx context.Context, o object, to string, ids []string, all links) error {
	op := "read associations of " + o.name + " with " + to
	inputs := make([]linkInput, len(ids))
	for i, id := range ids {
		inputs[i].ID = id
	}
	for range linkRounds {
		if len(inputs) == 0 {
			return nil
		}
		body := map[string]any{"inputs": inputs}
		n, err := a.post(ctx, op, a.version.associations(o.name, to), nil, body)
		if connectors.KindOf(err) == connectors.NotFound {
			return nil // none of them exists any more, hence none has associations
		}
		if err != nil {
			return err
		}
		list, err := n.results(op)
		if err != nil {
			return err
		}
		if err := onlyNone(op, n.body); err != nil {
			return err
		}
		inputs = takeLinks(o, to, list, all)
	}
	return &connectors.Error{Kind: connectors.Rejected, Op: op,
		Reason: "object " + inputs[0].ID + " has more than " + strconv.Itoa(linkRounds*500) + " associations"}
}

// takeLinks stores a page of associations and returns the objects that have another.
func takeLinks(o object, to string, list []gjson.Result, all links) []linkInput {
	var next []linkInput
	for _, one := range list {
		from := one.Get("from.id").String()
		for _, end := range one.Get("to").Array() {
			id := end.Get("toObjectId").String() // a number in recorded answers, a string in the specification
			for _, kind := range end.Get("associationTypes").Array() {
				all.add(from, to, link{ID: id, Type: linkType(o, to, kind)})
			}
		}
		if after := one.Get("paging.next.after").String(); after != "" {
			next = append(next, linkInput{ID: from, After: after})
		}
	}
	return next
}

// linkType returns the list endpoint's word for an association type; for a label that a customer defined it is the
// label in lower case with underscores.
func linkType(o object, to string, kind gjson.Result) string {
	id := kind.Get("typeId").Int()
	if name, ok := linkTypes[id]; ok && kind.Get("category").String() == "HUBSPOT_DEFINED" {
		return name
	}
	if label := kind.Get("label").String(); label != "" {
		return strings.ReplaceAll(strings.ToLower(strings.TrimSpace(label)), " ", "_")
	}
	return o.singular + "_to_" + to + "_" + strconv.FormatInt(id, 10)
}

// onlyNone accepts the errors of a 207 that say an object has no associations, which is an answer. Any other means
// that associations are missing from the answer.
func onlyNone(op string, body gjson.Result) error {
	for _, e := range body.Get("errors").Array() {
		if e.Get("category").String() != "OBJECT_NOT_FOUND" {
			return broken(op, "part of the batch failed: "+reason(e))
		}
	}
	return nil
}

// embedded returns the associations that a listed page carries. Objects whose list was cut are asked for again.
func (a *account) embedded(ctx context.Context, o object, list []gjson.Result) (links, error) {
	all, cut := links{}, map[string][]string{}
	for _, raw := range list {
		id := raw.Get("id").String()
		for _, to := range o.to {
			set := raw.Get("associations." + to)
			if set.Get("paging.next.after").Exists() {
				cut[to] = append(cut[to], id)
				continue
			}
			for _, one := range set.Get("results").Array() {
				all.add(id, to, link{ID: one.Get("id").String(), Type: one.Get("type").String()})
			}
		}
	}
	for _, to := range o.to {
		if len(cut[to]) == 0 {
			continue
		}
		if err := a.readLinks(ctx, o, to, cut[to], all); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// withLinks writes the associations into the records' data.
func withLinks(records []connectors.Record, o object, all links) []connectors.Record {
	if len(o.to) == 0 {
		return records
	}
	for i, r := range records {
		if len(r.Data) > 0 {
			records[i].Data = compose(r.Data, all[r.Ref.ID])
		}
	}
	return records
}

// compose returns the object with its member `associations` replaced, always as the last one.
func compose(data json.RawMessage, set map[string][]link) json.RawMessage {
	bare := without(data, "associations")
	if len(set) == 0 {
		return bare
	}
	type results struct {
		Results []link `json:"results"`
	}
	members := map[string]results{}
	for to, list := range set {
		slices.SortFunc(list, func(x, y link) int {
			return cmp.Or(cmp.Compare(len(x.ID), len(y.ID)), cmp.Compare(x.ID, y.ID), cmp.Compare(x.Type, y.Type))
		})
		members[to] = results{slices.Compact(list)}
	}
	text, err := json.Marshal(members) // a map is written in the order of its keys
	if err != nil {
		panic("encode associations: " + err.Error()) // strings only
	}
	out := make(json.RawMessage, 0, len(bare)+len(text)+20)
	out = append(out, bytes.TrimRight(bare[:len(bare)-1], " \t\r\n")...)
	if out[len(out)-1] != '{' {
		out = append(out, ',')
	}
	out = append(out, `"associations":`...)
	out = append(out, text...)
	return append(out, '}')
}

// without returns the JSON object without one of its members, every other byte as it was; a bare {} when it was the
// only one.
func without(data json.RawMessage, name string) json.RawMessage {
	member := gjson.GetBytes(data, name)
	end := len(data) - 1
	for end > 0 && data[end] != '}' {
		end--
	}
	data = data[:end+1]
	if !member.Exists() || member.Index == 0 {
		return data
	}
	from := bytes.LastIndex(data[:member.Index], []byte(`"`+name+`"`))
	to := member.Index + len(member.Raw)
	head, tail := bytes.TrimRight(data[:from], " \t\r\n"), data[to:]
	switch {
	case head[len(head)-1] == ',':
		head = head[:len(head)-1]
	case bytes.HasPrefix(bytes.TrimLeft(tail, " \t\r\n"), []byte(",")):
		tail = tail[bytes.IndexByte(tail, ',')+1:]
	}
	return append(append(make(json.RawMessage, 0, len(head)+len(tail)), head...), tail...)
}
