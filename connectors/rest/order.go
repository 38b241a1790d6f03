package rest

import (
	"net/http"
	"net/http/httptrace"
	"sync/atomic"
	"time"
)

// sent counts the requests of this process in the order in which they were sent. Nothing depends on its value but the
// order of answers within one second.
var sent atomic.Int64

// ordered returns the request so that the Date of its answer can be told from those of others. A Date has whole seconds,
// and so has the stamp of many a record: of two answers in one second, the one that was asked for last has seen the record
// last. So the place of the request among all that were sent, at its last attempt, stands in the nanoseconds.
func ordered(req *http.Request) (*http.Request, func(http.Header) time.Time) {
	var place atomic.Int64
	place.Store(sent.Add(1)) // for a transport that does not say when it writes
	trace := &httptrace.ClientTrace{WroteHeaders: func() { place.Store(sent.Add(1)) }}
	return req.WithContext(httptrace.WithClientTrace(req.Context(), trace)), func(h http.Header) time.Time {
		t := date(h)
		if t.IsZero() {
			return t
		}
		return t.Add(time.Duration(place.Load() % int64(time.Second)))
	}
}

// date is the vendor's clock in whole seconds, zero when it does not say.
func date(h http.Header) time.Time {
	t, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return time.Time{}
	}
	return t
}
