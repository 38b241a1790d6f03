package sandbox

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Options is what Wrap puts around a simulator; every field may be left out.
type Options struct {
	Clock *Clock
	Plan  *Plan
	Log   *Log
	Quota *Quota
	// Latency delays every request before it is handled.
	Latency time.Duration
	// Class names the route of a request for the Log; it must return few different names. Nil replaces the identifiers
	// in the path by {id}.
	Class func(*http.Request) string
	// Write says whether a request counts as a write; nil takes everything but GET, HEAD and OPTIONS for one. A vendor
	// whose searches are POSTs sets it.
	Write func(*http.Request) bool
	// Refuse writes the vendor's own answer for a status code of the Plan or a refusal of the Quota; nil writes a
	// small JSON object and the Retry-After header.
	Refuse func(http.ResponseWriter, *http.Request, Refusal)
	// State returns what GET /__sandbox/state shows; nil shows null.
	State func() any
}

// Refusal is a request that is answered without being handled.
type Refusal struct {
	Status     int    // 429 when the Quota refused it
	Reason     string // "fault", OverRate or OverFlight
	RetryAfter string // a value for the Retry-After header, or ""
}

// Handler is a simulator with its clock, faults, log and quota around it.
type Handler struct {
	next    http.Handler
	control http.Handler
	opt     Options
}

// Wrap returns next inside the options, with Control mounted under /__sandbox/. A fault that ends the connection
// panics with http.ErrAbortHandler, so the handler needs a real server (Listen, httptest.Server), not a recorder.
func Wrap(next http.Handler, opt Options) *Handler {
	if opt.Class == nil {
		opt.Class = Class
	}
	if opt.Write == nil {
		opt.Write = isWrite
	}
	if opt.Refuse == nil {
		opt.Refuse = refuse
	}
	return &Handler{next: next, control: Control(opt), opt: opt}
}

// ConnState counts connections in the Log; Listen uses it, and it fits http.Server.ConnState.
func (h *Handler) ConnState(c net.Conn, s http.ConnState) { h.opt.Log.ConnState(c, s) }

// ServeHTTP handles one request: log, latency, fault, quota, simulator.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, prefix) {
		h.control.ServeHTTP(w, r)
		return
	}
	start := time.Now()
	// Clients take a vendor's clock from Date; net/http would put the machine's there.
	w.Header().Set("Date", h.opt.Clock.Now().Format(http.TimeFormat))
	entry := Entry{Time: h.opt.Clock.Now(), Method: r.Method, Path: r.URL.Path, Query: r.URL.RawQuery, Class: h.opt.Class(r)}
	h.keepBody(r, &entry)
	cw := &countingWriter{ResponseWriter: w}
	leave := h.opt.Log.enter(h.opt.Write(r))
	defer func() {
		leave()
		entry.Status, entry.Sent, entry.Took = cw.status, cw.sent, time.Since(start)
		h.opt.Log.record(entry)
	}()
	pause(r.Context(), h.opt.Latency)
	fault, harmed := h.opt.Plan.take(r)
	if harmed {
		entry.Fault = fault.Kind
		h.harm(cw, r, fault)
		return
	}
	h.handle(cw, r)
}

// handle asks the quota and then the simulator.
func (h *Handler) handle(w http.ResponseWriter, r *http.Request) {
	done, reason, wait := h.opt.Quota.Admit(r, h.opt.Write(r))
	if reason != "" {
		after := ""
		if wait > 0 {
			after = strconv.Itoa(max(1, int(math.Ceil(wait.Seconds()))))
		}
		h.opt.Refuse(w, r, Refusal{Status: http.StatusTooManyRequests, Reason: reason, RetryAfter: after})
		return
	}
	defer done()
	h.next.ServeHTTP(w, r)
}

// harm answers a request the way the fault says.
func (h *Handler) harm(w *countingWriter, r *http.Request, f Fault) {
	switch f.Kind {
	case Slow:
		pause(r.Context(), time.Duration(f.Delay))
		h.handle(w, r)
	case HTML:
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = io.WriteString(w, page)
	case Drop:
		panic(http.ErrAbortHandler)
	case Lost, Lost500, Truncate:
		h.harmAfter(w, r, f)
	default:
		if f.RetryAfter != "" {
			w.Header().Set("Retry-After", f.RetryAfter)
		}
		h.opt.Refuse(w, r, Refusal{Status: f.status(), Reason: "fault", RetryAfter: f.RetryAfter})
	}
}

const page = "<!doctype html><html><head><title>We will be back soon</title></head><body><h1>Down for maintenance</h1></body></html>\n"

// harmAfter lets the simulator handle the request and then spoils the answer.
func (h *Handler) harmAfter(w *countingWriter, r *http.Request, f Fault) {
	held := &heldWriter{header: http.Header{}, status: http.StatusOK}
	h.handle(held, r)
	switch f.Kind {
	case Lost:
		panic(http.ErrAbortHandler)
	case Lost500:
		h.opt.Refuse(w, r, Refusal{Status: http.StatusInternalServerError, Reason: "fault"})
		return
	}
	for k, v := range held.header {
		w.Header()[k] = v
	}
	// The length of the whole body is promised, as the vendor would, and the half that is missing breaks the promise.
	w.Header().Set("Content-Length", strconv.Itoa(held.body.Len()))
	w.WriteHeader(held.status)
	_, _ = w.Write(held.body.Bytes()[:held.body.Len()/2])
	_ = http.NewResponseController(w.ResponseWriter).Flush()
	panic(http.ErrAbortHandler)
}

// refuse is the answer of a simulator that has none of its own.
func refuse(w http.ResponseWriter, _ *http.Request, f Refusal) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": http.StatusText(f.Status), "reason": f.Reason})
}

// pause waits for d or until the client is gone.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// keepBody copies the request's body into the entry when the log asks for it.
func (h *Handler) keepBody(r *http.Request, e *Entry) {
	if h.opt.Log == nil || !h.opt.Log.Bodies || r.Body == nil {
		return
	}
	const most = 64 << 10
	head, err := io.ReadAll(io.LimitReader(r.Body, most))
	e.Body = string(head)
	rest := io.Reader(r.Body)
	if err != nil {
		rest = failing{err}
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(head), rest), r.Body}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func isWrite(r *http.Request) bool {
	return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions
}

var identifier = regexp.MustCompile(`^([0-9]+|[0-9a-fA-F-]{16,}|.*@.*|[0-9A-Za-z_=-]{24,})$`)

// Class replaces what looks like an identifier in the path of r (digits, long hexadecimal, an e-mail address, a long
// opaque word) by {id}: the default of Options.Class, and a building block for a vendor's own.
func Class(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i, p := range parts {
		if identifier.MatchString(p) {
			parts[i] = "{id}"
		}
	}
	return strings.Join(parts, "/")
}
