package oauth

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// CallbackPath is where the browser comes back to.
const CallbackPath = "/callback"

// Loopback is where the browser is sent back to (RFC 8252, 7.3). The address has the name localhost: HubSpot takes no IP
// address (https://developers.hubspot.com/docs/apps/legacy-apps/authentication/working-with-oauth), Salesforce no other
// name without TLS.
type Loopback struct {
	Port int // 0 = a free one, for vendors that take any; the others have the address registered
}

// Callback is the address to register with the vendor.
func (l Loopback) Callback() string {
	return "http://localhost:" + strconv.Itoa(l.Port) + CallbackPath
}

// visit is a browser that has come back.
type visit struct {
	answer url.Values
	ended  chan error // how the sign-in ended, for the page
}

// callback waits for the browser.
type callback struct {
	address string
	used    atomic.Bool
	visits  chan visit // has room for the one there is
	server  *http.Server
	serving sync.WaitGroup
}

// listen waits on both loopback addresses, because nobody knows which one the browser takes for localhost. IPv6 may be
// missing.
func (l Loopback) listen(state string) (*callback, error) {
	v4, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(l.Port)))
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("listen for the browser: port %d is in use; end what uses it, or set redirect_port and register its callback", l.Port)
	}
	if err != nil {
		return nil, fmt.Errorf("listen for the browser: %w", err)
	}
	l.Port = v4.Addr().(*net.TCPAddr).Port
	b := &callback{address: l.Callback(), visits: make(chan visit, 1)}
	b.server = &http.Server{Handler: b.handler(state), ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	b.serving.Go(func() { _ = b.server.Serve(v4) })
	if v6, err := net.Listen("tcp", net.JoinHostPort("::1", strconv.Itoa(l.Port))); err == nil {
		b.serving.Go(func() { _ = b.server.Serve(v6) })
	}
	return b, nil
}

// close lets the last page reach the browser.
func (b *callback) close() {
	end, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = b.server.Shutdown(end)
	_ = b.server.Close()
	b.serving.Wait()
}

// handler takes the first answer with the right state; anything else that reaches the port is turned away.
func (b *callback) handler(state string) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+CallbackPath, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if subtle.ConstantTimeCompare([]byte(q.Get("state")), []byte(state)) != 1 {
			show(w, http.StatusBadRequest, "This is not the sign-in that millrace waits for", "Begin again in the terminal.")
			return
		}
		if b.used.Swap(true) {
			show(w, http.StatusConflict, "This sign-in was already used", "Begin again in the terminal.")
			return
		}
		v := visit{answer: q, ended: make(chan error, 1)}
		b.visits <- v
		select {
		case <-r.Context().Done():
		case err := <-v.ended:
			if err != nil {
				show(w, http.StatusOK, "Not signed in", "The terminal says why. You can close this page.")
				return
			}
			show(w, http.StatusOK, "Signed in", "You can close this page and return to the terminal.")
		}
	})
	return mux
}

var page = template.Must(template.New("page").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.Title}}</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;margin:20vh auto;max-width:32rem;padding:0 1rem}</style>
<h1>{{.Title}}</h1><p>{{.Text}}</p></html>
`))

// show writes a page that neither keeps the address, which has the code in it, nor gives it to anybody.
func show(w http.ResponseWriter, status int, title, text string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	w.WriteHeader(status)
	_ = page.Execute(w, struct{ Title, Text string }{title, text})
}
