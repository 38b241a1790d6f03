package pubsub

import (
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

// header is the header of a change event in Avro.
type header struct {
	Event struct {
		EntityName      string   `avro:"entityName"`
		RecordIDs       []string `avro:"recordIds"`
		ChangeType      string   `avro:"changeType"`
		ChangeOrigin    string   `avro:"changeOrigin"`
		TransactionKey  string   `avro:"transactionKey"`
		SequenceNumber  int      `avro:"sequenceNumber"`
		CommitTimestamp int64    `avro:"commitTimestamp"`
		CommitUser      string   `avro:"commitUser"`
		NulledFields    []string `avro:"nulledFields"`
		DiffFields      []string `avro:"diffFields"`
		ChangedFields   []string `avro:"changedFields"`
	} `avro:"ChangeEventHeader"`
}

// decode reads the header of an event.
func (s *schema) decode(payload []byte) (Change, error) {
	if s.bad != nil {
		return Change{}, s.bad
	}
	var h header
	if _, err := s.head.Decode(payload, &h); err != nil {
		return Change{}, err
	}
	e := &h.Event
	c := Change{Entity: e.EntityName, Type: e.ChangeType, IDs: e.RecordIDs, Origin: e.ChangeOrigin, User: e.CommitUser,
		Transaction: e.TransactionKey, Sequence: e.SequenceNumber, Changed: s.fieldNames(e.ChangedFields),
		Nulled: s.fieldNames(e.NulledFields), Diff: s.fieldNames(e.DiffFields)}
	if e.CommitTimestamp > 0 {
		c.At = time.UnixMilli(e.CommitTimestamp).UTC()
	}
	return c, nil
}
