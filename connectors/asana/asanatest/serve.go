package asanatest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// maxBody bounds a request; an external blob of 32 kB, its notes and ten actions fit many times.
const maxBody = 4 << 20

// serveAPI is the front door: who asks, what it costs, then the route.
func (s *Server) serveAPI(w http.ResponseWriter, r *http.Request) {
	who, err := s.auth.who(r)
	if err != nil {
		writeError(w, err)
		return
	}
	body, err := readBody(w, r)
	if err != nil {
		writeError(w, err)
		return
	}
	path := strings.TrimPrefix(r.URL.EscapedPath(), apiBase)
	if path == "/batch" && r.Method == http.MethodPost {
		s.serveBatch(w, r, who, body)
		return
	}
	done, retry, ok := s.limits.admit(who.token, costOf(r.Method))
	if !ok {
		writeError(w, tooMany(retry))
		return
	}
	defer done()
	if err := s.pause(r.Context()); err != nil {
		return // the client has gone
	}
	status, out := s.dispatch(r.Context(), who, r.Method, path, r.URL.Query(), body)
	writeJSON(w, status, out, wantsPretty(r))
}

func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if tooBig := (*http.MaxBytesError)(nil); errors.As(err, &tooBig) {
		return nil, &apiError{status: http.StatusRequestEntityTooLarge, messages: []string{"The request body is too large"}}
	}
	if err != nil {
		return nil, invalid("Could not read the request body")
	}
	return body, nil
}

// pause is the vendor's own time; it ends early when the client leaves.
func (s *Server) pause(ctx context.Context) error {
	if s.opt.Latency <= 0 {
		return nil
	}
	t := time.NewTimer(s.opt.Latency)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// dispatch runs one request, or one action of a batch, and returns its status and body.
func (s *Server) dispatch(ctx context.Context, who viewer, method, path string, query url.Values, body []byte) (int, any) {
	at, err := url.Parse(path)
	if err != nil {
		return failure(noRoute())
	}
	r := (&http.Request{Method: method, URL: at, Host: "asana"}).WithContext(ctx)
	out := &sink{who: who, path: path, query: query, body: body}
	s.routes.ServeHTTP(out, r)
	switch {
	case out.err != nil:
		return failure(out.err)
	case out.reply.status == 0: // the mux found no route, or only one of another method
		return failure(noRoute())
	}
	return out.reply.status, out.reply.body()
}

func failure(err error) (int, any) {
	e := (*apiError)(nil)
	if !errors.As(err, &e) {
		e = &apiError{status: http.StatusInternalServerError, messages: []string{"Server Error"}, phrase: "6 sad squid snuggle softly"}
	}
	return e.status, e.body()
}

// sink carries a request's parts to its route and the answer back; the mux only chooses the route.
type sink struct {
	who   viewer
	path  string
	query url.Values
	body  []byte
	reply reply
	err   error
}

// Header, Write and WriteHeader take what the mux itself answers (404, 405, redirects), which is not Asana's wording.
func (*sink) Header() http.Header         { return http.Header{} }
func (*sink) Write(b []byte) (int, error) { return len(b), nil }
func (*sink) WriteHeader(int)             {}

func writeError(w http.ResponseWriter, err error) {
	e := (*apiError)(nil)
	if errors.As(err, &e) && e.status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", e.retryAfter())
	}
	if e != nil && e.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="asana"`)
	}
	status, out := failure(err)
	writeJSON(w, status, out, false)
}

func writeJSON(w http.ResponseWriter, status int, v any, pretty bool) {
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	if pretty {
		enc.SetIndent("", "  ")
	}
	enc.Encode(v) // an error here is the client's connection, which has nobody left to tell
}

func wantsPretty(r *http.Request) bool {
	q := r.URL.Query()
	return q.Has("opt_pretty") && q.Get("opt_pretty") != "false"
}
