package ledger

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Arrival is a verified delivery that is to be stored.
type Arrival struct {
	Connection string
	Request    connectors.Delivery
}

// arrivalForm begins the rows of AppendArrival. Rows of before began with the brace of a JSON object.
const arrivalForm = 1

// AppendArrival appends an arrival as inboxes and spools hold it. As JSON it would take a third more room, for a body is bytes
// and not text, and making and writing it a tenth of the receiver's time.
func AppendArrival(b []byte, a Arrival) []byte {
	b = append(b, arrivalForm)
	b = appendText(b, a.Connection, a.Request.Method, a.Request.URL)
	b = binary.BigEndian.AppendUint64(b, uint64(a.Request.Received.Unix()))
	b = binary.BigEndian.AppendUint32(b, uint32(a.Request.Received.Nanosecond()))
	b = binary.AppendUvarint(b, uint64(len(a.Request.Header)))
	for name, values := range a.Request.Header {
		b = binary.AppendUvarint(appendText(b, name), uint64(len(values)))
		b = appendText(b, values...)
	}
	return append(b, a.Request.Body...)
}

func appendText(b []byte, list ...string) []byte {
	for _, text := range list {
		b = append(binary.AppendUvarint(b, uint64(len(text))), text...)
	}
	return b
}

var errArrival = errors.New("a delivery is cut off")

// ReadArrival returns what AppendArrival appended to nothing. It keeps none of the bytes.
func ReadArrival(row []byte) (a Arrival, err error) {
	if len(row) > 0 && row[0] == '{' {
		err = json.Unmarshal(row, &a)
		return a, err
	}
	if len(row) == 0 || row[0] != arrivalForm {
		return a, errArrival
	}
	r := arrivalReader{left: row[1:]}
	a.Connection, a.Request.Method, a.Request.URL = r.text(), r.text(), r.text()
	a.Request.Received = r.time()
	for range r.count() {
		name := r.text()
		values := make([]string, r.count())
		for i := range values {
			values[i] = r.text()
		}
		if a.Request.Header == nil {
			a.Request.Header = http.Header{}
		}
		a.Request.Header[name] = values
	}
	if r.short {
		return Arrival{}, errArrival
	}
	if len(r.left) > 0 {
		a.Request.Body = bytes.Clone(r.left)
	}
	return a, nil
}

// arrivalReader takes a row apart. Once it is short of bytes, all that follows is empty.
type arrivalReader struct {
	left  []byte
	short bool
}

// take returns the next bytes.
func (r *arrivalReader) take(n uint64) []byte {
	if r.short = r.short || n > uint64(len(r.left)); r.short {
		return nil
	}
	out := r.left[:n]
	r.left = r.left[n:]
	return out
}

// count returns a number that is not greater than the number of bytes left: each thing that is counted takes one at least.
func (r *arrivalReader) count() uint64 {
	n, size := binary.Uvarint(r.left)
	if r.short = r.short || size <= 0; r.short {
		return 0
	}
	r.left = r.left[size:]
	if r.short = n > uint64(len(r.left)); r.short {
		return 0
	}
	return n
}

func (r *arrivalReader) text() string { return string(r.take(r.count())) }

func (r *arrivalReader) time() time.Time {
	b := r.take(12)
	if b == nil {
		return time.Time{}
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b)), int64(binary.BigEndian.Uint32(b[8:]))).UTC()
}
