package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"
)

// LogEntry is one change of an entity, with two times: when the ledger learnt of it and when it happened at the vendor.
type LogEntry struct {
	Entity   string    `json:"entity"`
	Number   uint64    `json:"number"` // of the transaction; grows
	Recorded time.Time `json:"recorded"`
	Asserted time.Time `json:"asserted,omitzero"` // the vendor's stamp of the newest record that made the change
	Cause    string    `json:"cause"`             // "changed at its source", "decided: the same" …
	Actor    string    `json:"actor,omitempty"`   // who decided
	Why      string    `json:"why,omitempty"`     // what the actor said about it

	MergedFrom []string `json:"merged_from,omitempty"` // entities that became part of this one
	SplitInto  []string `json:"split_into,omitempty"`  // entities that parts of this one became
	SplitFrom  []string `json:"split_from,omitempty"`  // entities that this one was a part of
	Into       string   `json:"into,omitempty"`        // the entity that this one became part of
	Ops        []LogOp  `json:"ops,omitempty"`
	More       int      `json:"more,omitempty"` // further fields that changed, and are not listed
}

// LogOp is one field that changed. A value that is missing was not claimed. What is longer than 1,000 bytes is cut, or
// replaced by {"bytes":n} when it is no text.
type LogOp struct {
	Path   string          `json:"path"`
	Old    json.RawMessage `json:"old,omitempty"`
	New    json.RawMessage `json:"new,omitempty"`
	Source string          `json:"source,omitempty"` // reference of the record that the new value is from
}

// logLimits bound the log of one entity.
type logLimits struct {
	keep int
	age  time.Duration
}

const (
	logKeep  = 200
	maxOps   = 100
	maxValue = 1000
)

// logRow is a LogEntry as it is stored. Ordinal counts the entries that the entity ever had.
type logRow struct {
	LogEntry
	Ordinal uint64 `json:"ordinal"`
}

// logKey returns the key of an entry. Numbers are kept as what they lack to the greatest, so that the newest is first.
func (l *Ledger) logKey(entity string, number uint64) []byte {
	return binary.BigEndian.AppendUint64(l.under(entity), ^number)
}

func decodeLog(entity string, row []byte) (logRow, error) {
	var r logRow
	if err := json.Unmarshal(row, &r); err != nil {
		return r, damaged(bLog, entity, err)
	}
	r.Entity = entity
	return r, nil
}

// Log returns up to limit changes of an entity, newest first, of those before the given number (0 = from the newest).
// The entity may be a former one: its own changes stay under its id.
func (s *Snap) Log(id string, before uint64, limit int) ([]LogEntry, error) {
	if _, _, err := parseEntityID(id); err != nil {
		return nil, err
	}
	prefix := s.l.under(id)
	var from []byte
	if before > 0 {
		from = s.l.logKey(id, before-1)
	}
	var list []LogEntry
	for _, row := range s.r.Scan(bLog, prefix, from) {
		if len(list) >= limit {
			break
		}
		r, err := decodeLog(id, row)
		if err != nil {
			return nil, err
		}
		list = append(list, r.LogEntry)
	}
	return list, s.r.Err()
}

// putLog appends an entry to the log of its entity, and now and then takes away what is over the limits.
func (c *change) putLog(e LogEntry) error {
	var err error
	if e.Number, err = c.sequence(); err != nil {
		return err
	}
	if c.erasing { // what the values were is what has to go
		e.Cause, e.Ops, e.More = "cleaned by an erasure", nil, 0
	}
	r := logRow{LogEntry: e, Ordinal: 1}
	for _, row := range c.tx.Scan(bLog, c.l.under(e.Entity), nil) {
		newest, err := decodeLog(e.Entity, row)
		if err != nil {
			return err
		}
		r.Ordinal = newest.Ordinal + 1
		break
	}
	r.Recorded, r.Entity = c.now, ""
	row, err := json.Marshal(&r)
	if err != nil {
		return fmt.Errorf("encode log of %s: %w", e.Entity, err)
	}
	if err := c.tx.Put(bLog, c.l.logKey(e.Entity, e.Number), row); err != nil {
		return err
	}
	if r.Ordinal%trimEvery == 0 {
		return c.trimLog(e.Entity)
	}
	return nil
}

// trimEvery is how many entries come between two looks at what is over the limits.
const trimEvery = 16

// trimLog removes the entries of an entity that are over the limits of number and age.
func (c *change) trimLog(entity string) error {
	var gone [][]byte
	n := 0
	for key, row := range c.tx.Scan(bLog, c.l.under(entity), nil) {
		n++
		old := n > c.l.logs.keep
		if !old && c.l.logs.age > 0 {
			r, err := decodeLog(entity, row)
			if err != nil {
				return err
			}
			old = c.now.Sub(r.Recorded) > c.l.logs.age
		}
		if old {
			gone = append(gone, bytes.Clone(key))
		}
	}
	for _, key := range gone {
		if err := c.tx.Delete(bLog, key); err != nil {
			return err
		}
	}
	return c.tx.Err()
}

// silence takes the values out of the log of an entity, and leaves which fields changed and when.
func (c *change) silence(entity string) error {
	rows := map[string]logRow{}
	for key, row := range c.tx.Scan(bLog, c.l.under(entity), nil) {
		r, err := decodeLog(entity, row)
		if err != nil {
			return err
		}
		for i := range r.Ops {
			r.Ops[i].Old, r.Ops[i].New = nil, nil
		}
		r.Entity = ""
		rows[string(key)] = r
	}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		r := rows[key]
		row, err := json.Marshal(&r)
		if err != nil {
			return fmt.Errorf("encode log of %s: %w", entity, err)
		}
		if err := c.tx.Put(bLog, []byte(key), row); err != nil {
			return err
		}
	}
	return c.tx.Err()
}

// clipValue bounds a value of the log.
func clipValue(v json.RawMessage) json.RawMessage {
	if len(v) <= maxValue {
		return bytes.Clone(v)
	}
	var text string
	if json.Unmarshal(v, &text) != nil {
		return json.RawMessage(fmt.Sprintf(`{"bytes":%d}`, len(v)))
	}
	short, err := json.Marshal(clipText(text, maxValue/2))
	if err != nil {
		return nil
	}
	return short
}

// clipText cuts a text between two characters.
func clipText(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most] + "…"
}
