package ledger

import (
	"encoding/binary"
	"slices"
	"time"

	"github.com/millrace/millrace/router/ledger/kv"
)

// forgetPast removes what versions up to a deletion for privacy said.
func (c *change) forgetPast(key recKey, upTo stamp) error {
	prefix := c.l.under(string(key))
	var gone [][]byte
	for full, row := range c.tx.Scan(bHist, prefix, nil) {
		at, err := stampOfPast(full[len(prefix):], row)
		if err != nil {
			return damaged(bHist, key.String(), err)
		}
		if !at.after(upTo) {
			gone = append(gone, slices.Clone(full))
		}
	}
	return c.deletePast(key, gone)
}

func (c *change) deletePast(key recKey, rows [][]byte) error {
	for _, row := range rows {
		if err := c.tx.Delete(bHist, row); err != nil {
			return err
		}
		c.recall(key)
	}
	return c.tx.Err()
}

// stampOfPast returns the stamp of a row of either form.
func stampOfPast(name, row []byte) (stamp, error) {
	if len(name) > 0 && string(name[:1]) == histSaid {
		at, _, err := decodeSaid(row)
		if err == nil {
			at.version, err = readTime(name[1:])
		}
		return at, err
	}
	d := dec{b: row}
	if d.byte() != histForm {
		d.fail()
	}
	at := d.stamp()
	return at, d.end()
}

const timeBytes = 12

// appendTime appends a time so that later ones are greater: seconds and nanoseconds, whatever the year.
func appendTime(b []byte, t time.Time) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(t.Unix())^1<<63)
	return binary.BigEndian.AppendUint32(b, uint32(t.Nanosecond()))
}

func readTime(b []byte) (time.Time, error) {
	if len(b) < timeBytes {
		return time.Time{}, errShort
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b)^1<<63), int64(binary.BigEndian.Uint32(b[8:]))).UTC(), nil
}

// eachPast calls fn for every row of a record's history, at most lookMost.
func eachPast(r kv.Reader, l *Ledger, key recKey, fn func(name, row []byte) error) error {
	prefix := l.under(string(key))
	looked := 0
	for full, row := range r.Scan(bHist, prefix, nil) {
		if err := fn(full[len(prefix):], row); err != nil {
			return damaged(bHist, key.String(), err)
		}
		if looked++; looked >= lookMost {
			break
		}
	}
	return r.Err()
}
