package pubsub

import (
	"errors"
	"strings"
	"time"
)

// The types of a change, as its header names them
// (https://developer.salesforce.com/docs/platform/change-data-capture/guide/cdc-event-fields-header.html).
const (
	Create      = "CREATE"
	Update      = "UPDATE"
	Delete      = "DELETE"
	Undelete    = "UNDELETE"
	GapCreate   = "GAP_CREATE"
	GapUpdate   = "GAP_UPDATE"
	GapDelete   = "GAP_DELETE"
	GapUndelete = "GAP_UNDELETE"
	// GapOverflow says that one transaction changed more than 100,000 things; it names the object and no records.
	GapOverflow = "GAP_OVERFLOW"
)

// Change is the header of one change event.
type Change struct {
	Entity string // `Account`, `Invoice__c`
	Type   string
	IDs    []string // of all records that the transaction changed alike
	// Changed, Nulled and Diff name the fields that changed, that were emptied, and that are told as a difference to the
	// value before; "Name.FirstName" is part of a compound field.
	Changed, Nulled, Diff []string
	At                    time.Time // of the commit; vendor's clock
	Origin                string    // what made the change: "com/salesforce/api/rest/67.0;client=…"
	Transaction           string
	Sequence              int // within the transaction, from 1
	User                  string
}

// Whole reports whether the event does not name all records it is about: an overflow, or a change of a field's type, whose
// ids are like "001*"
// (https://developer.salesforce.com/docs/atlas.en-us.change_data_capture.meta/change_data_capture/cdc_field_conversion_single_event.htm).
// The object has to be read again.
func (c *Change) Whole() bool {
	if c.Type == GapOverflow || len(c.IDs) == 0 {
		return true
	}
	for _, id := range c.IDs {
		if !recordID(id) {
			return true
		}
	}
	return false
}

// Deleted reports whether the records went to the recycle bin.
func (c *Change) Deleted() bool { return c.Type == Delete || c.Type == GapDelete }

// recordID reports whether a text has the form of a record's id.
func recordID(id string) bool {
	if len(id) != 15 && len(id) != 18 {
		return false
	}
	return strings.IndexFunc(id, func(r rune) bool {
		return !(r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z')
	}) < 0
}

// decode reads the header of an event. It is taken field by field, so that one that the vendor adds is passed over.
func (s *schema) decode(payload []byte) (Change, error) {
	if s.bad != nil {
		return Change{}, s.bad
	}
	event := map[string]any{}
	if _, err := s.head.Decode(payload, &event); err != nil {
		return Change{}, err
	}
	head, ok := event[headerField].(map[string]any)
	if !ok {
		return Change{}, errors.New("the header is not a record")
	}
	c := Change{Entity: text(head["entityName"]), Type: text(head["changeType"]), IDs: texts(head["recordIds"]),
		Origin: text(head["changeOrigin"]), User: text(head["commitUser"]), Transaction: text(head["transactionKey"]),
		Changed: s.fieldNames(texts(head["changedFields"])), Nulled: s.fieldNames(texts(head["nulledFields"])),
		Diff: s.fieldNames(texts(head["diffFields"]))}
	if c.Entity == "" || c.Type == "" {
		return c, errors.New("the header does not say what changed")
	}
	if n, ok := head["sequenceNumber"].(int32); ok {
		c.Sequence = int(n)
	}
	if ms, ok := head["commitTimestamp"].(int64); ok && ms > 0 {
		c.At = time.UnixMilli(ms).UTC()
	}
	return c, nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func texts(v any) (list []string) {
	all, _ := v.([]any)
	for _, one := range all {
		list = append(list, text(one))
	}
	return list
}
