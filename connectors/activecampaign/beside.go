package activecampaign

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/verbatim"
)

// A record is ActiveCampaign's object verbatim. What belongs to a contact and is kept elsewhere is added behind:
//
//	lists   how the contact stands on each list: list, name, status, since, reason
//	tags    the names of its tags
//	fields  its custom fields by their personalization tags, each with its type: {"t": "date", "v": "2026-12-24"}
//
// A pipeline gets its deal_stages. Accounts lose contactCount and dealCount, which are 0 unless they are asked for, and
// messages their text.
//
// All of it comes with the same answer. The document has no `include`, but the API was built around it, and many programs
// use it; without it the lists, tags and fields of a contact cost three requests each. Whether an answer is complete can be
// told: each contact says the ids of what belongs to it.

// sideLoads is what is asked for beside contacts, and what stands beside that.
var sideLoads = []string{listsBeside, tagsBeside, fieldsBeside}

const (
	listsBeside  = "contactLists.list"
	tagsBeside   = "contactTags.tag"
	fieldsBeside = "fieldValues.field"
)

// beside is what an answer has beside its contacts, by their ids.
type beside struct {
	asked               []string
	lists, tags, values map[string][]gjson.Result
	listNames, tagNames map[string]string
	fields              map[string]gjson.Result
}

// sideLoaded finds what belongs to the contacts. An answer that lacks something of it is broken: a contact without its
// lists would be one that nobody may write to, or, worse, one that may be written to.
func (a *account) sideLoaded(op string, n answer, rows []gjson.Result) (*beside, error) {
	b := &beside{asked: a.beside}
	if len(rows) == 0 {
		return b, nil
	}
	for _, what := range a.beside {
		name, inner, _ := strings.Cut(what, ".")
		list := n.members[name].Array()
		if err := complete(op, name, n.members[name], list, rows); err != nil {
			return nil, err
		}
		switch what {
		case listsBeside:
			b.lists, b.listNames = grouped(list), named(n.members[inner+"s"], "name")
		case tagsBeside:
			b.tags, b.tagNames = grouped(list), named(n.members[inner+"s"], "tag")
		case fieldsBeside:
			b.values, b.fields = grouped(list), byID(n.members[inner+"s"])
		}
	}
	return b, nil
}

// complete reports what is missing of one kind: each id that a contact names must have its row.
func complete(op, name string, all gjson.Result, list, rows []gjson.Result) error {
	have := make(map[string]bool, len(list))
	for _, one := range list {
		have[one.Get("id").String()] = true
	}
	for _, row := range rows {
		ids := row.Get(name)
		if !ids.IsArray() && !all.IsArray() {
			return &connectors.Error{Kind: connectors.Gone, Op: op,
				Reason: "ActiveCampaign does not send " + name + " beside contacts; take it out of `side_loads`"}
		}
		for _, id := range ids.Array() {
			if !have[id.String()] {
				return broken(op, "answer lacks some of the "+name+" that its contacts name")
			}
		}
	}
	return nil
}

// grouped returns the rows by the contact they belong to.
func grouped(list []gjson.Result) map[string][]gjson.Result {
	all := map[string][]gjson.Result{}
	for _, one := range list {
		id := one.Get("contact").String()
		all[id] = append(all[id], one)
	}
	return all
}

// named returns one member of each element of a list by their ids.
func named(list gjson.Result, member string) map[string]string {
	all := map[string]string{}
	for _, one := range list.Array() {
		all[one.Get("id").String()] = one.Get(member).String()
	}
	return all
}

func byID(list gjson.Result) map[string]gjson.Result {
	all := map[string]gjson.Result{}
	for _, one := range list.Array() {
		all[one.Get("id").String()] = one
	}
	return all
}

// add adds to the data of one contact what was asked for, also when there is none: then the contact has lost it.
func (b *beside) add(data json.RawMessage, row gjson.Result) json.RawMessage {
	id := row.Get("id").String()
	for _, what := range b.asked {
		switch what {
		case listsBeside:
			data = verbatim.With(data, row, "lists", encoded(b.standing(b.lists[id])))
		case tagsBeside:
			data = verbatim.With(data, row, "tags", encoded(b.tagsOf(b.tags[id])))
		case fieldsBeside:
			data = verbatim.With(data, row, "fields", encoded(b.fieldsOf(b.values[id])))
		}
	}
	return data
}

// standing is how a contact stands on one list. Since is the last change of that, which is the later of the two stamps: the
// document does not say whether it is sdate or udate that moves when somebody who left subscribes again, and the
// contact's own stamp moves with neither.
type standing struct {
	List   string `json:"list"`
	Name   string `json:"name"`
	Status string `json:"status"`
	Since  string `json:"since,omitempty"`
	Reason string `json:"reason,omitempty"`
}

func (b *beside) standing(rows []gjson.Result) []standing {
	list := []standing{}
	for _, row := range rows {
		id := row.Get("list").String()
		s := standing{List: id, Name: cmp.Or(b.listNames[id], "list "+id), Status: row.Get("status").String(), Reason: row.Get("unsubreason").String()}
		for _, name := range []string{"sdate", "udate"} {
			if text := row.Get(name).String(); parsed(text).After(parsed(s.Since)) {
				s.Since = text
			}
		}
		list = append(list, s)
	}
	slices.SortFunc(list, func(x, y standing) int { return cmp.Or(len(x.List)-len(y.List), strings.Compare(x.List, y.List)) })
	return list
}

func (b *beside) tagsOf(rows []gjson.Result) []string {
	list := []string{}
	for _, row := range rows {
		id := row.Get("tag").String()
		list = append(list, cmp.Or(b.tagNames[id], "tag "+id))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("encode what belongs to a contact: " + err.Error()) // strings only
	}
	return string(text)
}
