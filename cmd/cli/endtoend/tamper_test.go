package endtoend

import (
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
)

type httpHandler = http.Handler

// tamper stands between HubSpot and the hub and changes answers, as a broken proxy, a migration or a plug-in does.
type tamper struct {
	next http.Handler

	mu     sync.Mutex
	change func(r *http.Request, body []byte) []byte // nil = leave everything as it is
	refuse func(w http.ResponseWriter, r *http.Request) bool
}

// with sets what is done to the body of every good answer; nil ends it.
func (p *tamper) with(change func(r *http.Request, body []byte) []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change = change
}

// refusing sets who is answered without asking HubSpot: fn then writes the answer and returns true.
func (p *tamper) refusing(fn func(w http.ResponseWriter, r *http.Request) bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = fn
}

// ServeHTTP implements http.Handler.
func (p *tamper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	change, refuse := p.change, p.refuse
	p.mu.Unlock()
	if refuse != nil && refuse(w, r) {
		return
	}
	if change == nil {
		p.next.ServeHTTP(w, r)
		return
	}
	held := httptest.NewRecorder()
	p.next.ServeHTTP(held, r)
	body := held.Body.Bytes()
	if held.Code == http.StatusOK {
		body = change(r, body)
	}
	for name, values := range held.Header() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(held.Code)
	_, _ = w.Write(body)
}
