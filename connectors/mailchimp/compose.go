package mailchimp

import (
	"encoding/json"
	"slices"
	"time"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/verbatim"
)

// A record is Mailchimp's object verbatim, but for `_links`, which are half of its bytes and are not asked for. What
// belongs to it and stands elsewhere in Mailchimp is added behind, each as one member, where the object does not have it
// itself:
//
//	members         list_name: how the audience is called; interest_ids: those of `interests` that were chosen
//	segments        list_name
//	interests       list_name; category: how the category is called
//	campaigns       report: what became of it, once it was sent
//	email_activity  email_address, list_id, campaign_id, subject
//
// A membership is made of its member, without a request of its own: {list, person, status, joined_at, left_at, tags}.

// head is what reading needs to know of a member.
type head struct {
	contact, changed, status, optedIn, signedUp string
	tags, interests                             gjson.Result
}

// headOf finds it in one pass.
func headOf(op string, row gjson.Result) (head, error) {
	var h head
	hash := ""
	row.ForEach(func(key, value gjson.Result) bool {
		switch key.Str {
		case "id":
			hash = value.String()
		case "contact_id":
			h.contact = value.String()
		case "last_changed":
			h.changed = value.String()
		case "status":
			h.status = value.String()
		case "timestamp_opt":
			h.optedIn = value.String()
		case "timestamp_signup":
			h.signedUp = value.String()
		case "tags":
			h.tags = value
		case "interests":
			h.interests = value
		}
		return true
	})
	// The hash of the address stands in only where an answer of before 2020 has no contact_id.
	if h.contact = either(h.contact, hash); !isID(h.contact) {
		return head{}, broken(op, "a member in the answer has no contact_id")
	}
	return h, nil
}

// version is the time of a member's last change. One that never had any is as old as its consent; where there is no time
// at all anything else is newer.
func (h head) version() time.Time {
	for _, text := range []string{h.changed, h.optedIn, h.signedUp} {
		if at := seconds(text); at > 0 {
			return unix(at)
		}
	}
	return unix(1)
}

// memberRecords makes a member's record and its membership's. An archived member is no deleted person: only the membership
// is gone, and may come back.
func (a *account) memberRecords(list named, h head, row gjson.Result, seen time.Time) []connectors.Record {
	id := list.ID + ":" + h.contact
	member := connectors.Record{Ref: a.ref(membersStream, id), Version: h.version(), Seen: seen.UTC(),
		Data: verbatim.With(verbatim.With(raw(row), row, "list_name", quoted(list.Name)), row, "interest_ids", h.chosen())}
	membership := connectors.Record{Ref: a.ref(memberships, id), Version: member.Version, Seen: member.Seen, Data: h.membership(list.ID, id)}
	if h.status == "archived" {
		membership.Deleted.Kind = connectors.Archived
	}
	return []connectors.Record{member, membership}
}

// chosen returns the ids of the interests that are true as a JSON list, "" where the audience has no interests.
func (h head) chosen() string {
	if !h.interests.IsObject() {
		return ""
	}
	list := []string{}
	h.interests.ForEach(func(id, yes gjson.Result) bool {
		if yes.Bool() {
			list = append(list, id.String())
		}
		return true
	})
	slices.Sort(list)
	text, err := json.Marshal(list)
	if err != nil {
		panic("encode interests: " + err.Error()) // a list of strings
	}
	return string(text)
}

// membership is its data. Mailchimp does not say when somebody left, only when anything last changed, which is no earlier.
func (h head) membership(list, person string) json.RawMessage {
	m := struct {
		List   string   `json:"list"`
		Person string   `json:"person"`
		Status string   `json:"status"`
		Joined string   `json:"joined_at"`
		Left   string   `json:"left_at"`
		Tags   []string `json:"tags"`
	}{List: list, Person: person, Status: h.status, Joined: either(h.optedIn, h.signedUp), Tags: []string{}}
	if h.status == "unsubscribed" || h.status == "cleaned" {
		m.Left = h.changed
	}
	for _, tag := range h.tags.Array() {
		m.Tags = append(m.Tags, tag.Get("name").String())
	}
	data, err := json.Marshal(m)
	if err != nil {
		panic("encode membership: " + err.Error()) // a struct of strings
	}
	return data
}

// raw returns the bytes of a row, which are of the answer's body, which nobody changes.
func raw(row gjson.Result) json.RawMessage {
	return json.RawMessage(unsafe.Slice(unsafe.StringData(row.Raw), len(row.Raw)))
}

// quoted returns the text as JSON, "" for none.
func quoted(text string) string {
	if text == "" {
		return ""
	}
	data, err := json.Marshal(text)
	if err != nil {
		panic("encode text: " + err.Error())
	}
	return string(data)
}
