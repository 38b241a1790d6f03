package rest

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"
)

// Answers of one second are told apart by when they were asked for, though the first may come last.
func TestAnswersOfOneSecondAreOrdered(t *testing.T) {
	const date = "Mon, 30 Nov 2026 09:00:00 GMT"
	slow, asked := make(chan struct{}), make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", date)
		if r.URL.Path == "/slow" {
			close(asked)
			<-slow
		}
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	c := Client{HTTP: server.Client(), Base: server.URL}
	get := func(path string) time.Time {
		r, err := c.Do(t.Context(), "get", http.MethodGet, path, nil, nil)
		if err != nil {
			t.Error(err)
			return time.Time{}
		}
		return r.Date
	}
	first := make(chan time.Time)
	go func() { first <- get("/slow") }()
	<-asked
	second := get("/quick")
	close(slow)
	third := get("/quick")
	if a := <-first; !a.Before(second) || !second.Before(third) {
		t.Errorf("dates %v, %v, %v: want them in the order of asking", a, second, third)
	}
	if want, _ := http.ParseTime(date); !third.Truncate(time.Second).Equal(want) {
		t.Errorf("date %v, want the vendor's second", third)
	}
}
