package zendesktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/millrace/millrace/connectors/sandbox"
)

// failure is an error answer. Zendesk has no single envelope, so the body is kept as it will be sent: an object, or a
// plain text.
type failure struct {
	code  int
	body  any
	retry string // Retry-After
}

// Error makes a failure an error, so that handlers can return it.
func (f *failure) Error() string { return fmt.Sprintf("%d %v", f.code, f.body) }

// fail is the commonest shape: a word and a sentence.
func fail(code int, word, format string, args ...any) *failure {
	return &failure{code: code, body: map[string]any{"error": word, "description": fmt.Sprintf(format, args...)}}
}

// missing is the answer to a record that is not there.
func missing() *failure { return fail(http.StatusNotFound, "RecordNotFound", "Not found") }

// forbidden is the answer whose error is an object (recorded).
func forbidden() *failure {
	return &failure{code: http.StatusForbidden, body: map[string]any{"error": map[string]any{"title": "Forbidden",
		"message": "You do not have access to this page. Please contact the account owner of this help desk for further help."}}}
}

// titled is the other object: what the newer parts of the API answer to a bad parameter.
func titled(code int, title, format string, args ...any) *failure {
	return &failure{code: code, body: map[string]any{"error": map[string]any{"title": title, "message": fmt.Sprintf(format, args...)}}}
}

// listed is the JSON:API shape of webhooks and of cursor paging.
func listed(code int, word, title, format string, args ...any) *failure {
	return &failure{code: code, body: map[string]any{"errors": []any{map[string]any{"code": word, "title": title, "detail": fmt.Sprintf(format, args...)}}}}
}

// problems collects what is wrong with the fields of a record; a detail's error word may be missing (recorded).
type problems map[string][]detail

type detail struct {
	Description string `json:"description"`
	Error       string `json:"error,omitempty"`
}

func (p problems) add(field, word, format string, args ...any) {
	p[field] = append(p[field], detail{fmt.Sprintf(format, args...), word})
}

// err is the 422 with everything that was added, or nil.
func (p problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return &failure{code: http.StatusUnprocessableEntity, body: map[string]any{"error": "RecordInvalid", "description": "Record validation errors", "details": p}}
}

// handler answers a request or returns why not.
type handler func(http.ResponseWriter, *http.Request) error

// ServeHTTP writes the answer once the handler has returned and let go of the account's lock, so that a client that
// reads slowly stops nobody else. An error that is no failure is the simulator's own fault and becomes a 500.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	held := &later{ResponseWriter: w}
	err := h(held, r)
	if err == nil {
		held.send()
		return
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: http.StatusInternalServerError, body: map[string]any{"status": 500, "error": "Internal Server Error: " + err.Error()}}
	}
	writeFailure(w, f)
}

// later keeps an answer until send.
type later struct {
	http.ResponseWriter
	code int
	body []byte
}

// WriteHeader keeps the status.
func (l *later) WriteHeader(code int) { l.code = code }

// Write keeps the bytes. Handlers write once, a slice they do not touch again; what a template writes comes in pieces.
func (l *later) Write(b []byte) (int, error) {
	if l.body == nil {
		l.body = b
		return len(b), nil
	}
	l.body = append(l.body[:len(l.body):len(l.body)], b...)
	return len(b), nil
}

func (l *later) send() {
	l.ResponseWriter.WriteHeader(l.code)
	_, _ = l.ResponseWriter.Write(l.body)
}

func writeFailure(w http.ResponseWriter, f *failure) {
	if f.retry != "" {
		w.Header().Set("Retry-After", f.retry)
	}
	if text, plain := f.body.(string); plain {
		w.Header().Set("Content-Type", "text/plain; charset=UTF-8")
		w.WriteHeader(f.code)
		_, _ = io.WriteString(w, text)
		return
	}
	writeJSON(w, f.code, f.body)
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // the package marshals its own types only
	}
	writeBody(w, code, body)
}

func writeBody(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("X-Zendesk-API-Version", "v2")
	w.WriteHeader(code)
	_, _ = w.Write(body)
}

// maxBody bounds a request's body.
const maxBody = 16 << 20

// object is a JSON object whose values are not looked into yet.
type object map[string]json.RawMessage

// wrapped reads a body such as {"user": {…}} and returns what is inside.
func wrapped(w http.ResponseWriter, r *http.Request, name string) (object, error) {
	var outer map[string]json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&outer); err != nil {
		return nil, fail(http.StatusUnprocessableEntity, "Unprocessable Entity", "Server could not parse JSON")
	}
	var in object
	if err := json.Unmarshal(outer[name], &in); err != nil || in == nil {
		return nil, fail(http.StatusBadRequest, "ParameterMissing", "Parameter %s is required", name)
	}
	return in, nil
}

// refuse answers faults of the plan in the vendor's words.
func refuse(w http.ResponseWriter, r *http.Request, f sandbox.Refusal) {
	switch f.Status {
	case http.StatusTooManyRequests:
		writeFailure(w, &failure{code: f.Status, body: "You have exceeded the rate limit. Please wait before trying again.", retry: f.RetryAfter})
	case http.StatusUnauthorized:
		writeFailure(w, unauthorized(r))
	case http.StatusForbidden:
		writeFailure(w, forbidden())
	case http.StatusNotFound:
		writeFailure(w, missing())
	case http.StatusGatewayTimeout: // of exports that are too heavy: a smaller page helps
		writeFailure(w, &failure{code: f.Status, body: "upstream request timeout"})
	default:
		writeFailure(w, &failure{code: f.Status, body: map[string]any{"status": f.Status, "error": http.StatusText(f.Status)}, retry: f.RetryAfter})
	}
}
