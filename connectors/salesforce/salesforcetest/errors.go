package salesforcetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/millrace/millrace/connectors/sandbox"
)

// failure is one element of the array that the data APIs answer. Fields are there (even when empty) for what is wrong
// with a row that was written, and absent otherwise (recorded).
type failure struct {
	code     int
	Message  string    `json:"message"`
	Code     string    `json:"errorCode"`
	Fields   *[]string `json:"fields,omitempty"`
	Extended string    `json:"extendedErrorCode,omitempty"`
}

// Error makes a failure an error, so that handlers can return it.
func (f *failure) Error() string { return f.Code + ": " + f.Message }

func fail(status int, code, format string, args ...any) *failure {
	return &failure{code: status, Code: code, Message: fmt.Sprintf(format, args...)}
}

// on names the fields that are to blame.
func (f *failure) on(fields ...string) *failure {
	if fields == nil {
		fields = []string{}
	}
	f.Fields = &fields
	return f
}

// missing is the answer to a resource or row that is not there.
func missing() *failure { return fail(404, "NOT_FOUND", "The requested resource does not exist") }

// gone is the answer to a row that was deleted.
func gone() *failure { return fail(404, "ENTITY_IS_DELETED", "entity is deleted").on() }

// expired is the 401 of a token that is unknown or too old.
func expired() *failure { return fail(401, "INVALID_SESSION_ID", "Session expired or invalid") }

// noColumn is the answer to the write of a field that does not exist.
func noColumn(field, object string) *failure {
	return fail(400, "INVALID_FIELD", "No such column '%s' on sobject of type %s", field, object)
}

// readOnly is the answer to the write of what only the system writes.
func readOnly(fields []string) *failure {
	return fail(400, "INVALID_FIELD_FOR_INSERT_UPDATE", "Unable to create/update fields: %s. Please check the security settings of this field and verify that it is read/write for your profile or permission set.",
		strings.Join(fields, ", ")).on(fields...)
}

// handler answers a request or returns why not.
type handler func(http.ResponseWriter, *http.Request) error

// ServeHTTP writes the answer; an error that is no failure is the simulator's own fault and becomes a 500.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := h(w, r); err != nil {
		writeFailure(w, asFailure(err))
	}
}

func asFailure(err error) *failure {
	var f *failure
	if !errors.As(err, &f) {
		f = fail(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred. Please include this ErrorId if you contact support: %v", err)
	}
	return f
}

func writeFailure(w http.ResponseWriter, f *failure) { writeJSON(w, f.code, []*failure{f}) }

func writeJSON(w http.ResponseWriter, code int, v any) {
	writeBody(w, code, marshal(v))
}

// marshal writes JSON as Salesforce does, with < > & as they are.
func marshal(v any) []byte {
	var b strings.Builder
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		panic(err) // the package marshals its own types only
	}
	return []byte(strings.TrimSuffix(b.String(), "\n"))
}

func writeBody(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	w.WriteHeader(code)
	_, _ = w.Write(body)
}

// maxBody bounds a request's body: 200 records of a collection, or 2000 ids, stay far below.
const maxBody = 16 << 20

// decode reads a JSON body into v, numbers as they are.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	dec.UseNumber()
	if err := dec.Decode(v); err != nil {
		return fail(400, "JSON_PARSER_ERROR", "%s at [line:1, column:1]", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// locked is what a write is told when another holds its row, with status 400 as other errors of rows.
var locked = fail(400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record").on()

// refusals are what faults of the plan say, by status.
var refusals = map[int]*failure{
	400: fail(400, "QUERY_TIMEOUT", "Your query request was running for too long."),
	401: expired(),
	403: fail(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded."),
	404: missing(),
	414: fail(414, "URI_TOO_LONG", "URI Too Long"),
	500: fail(500, "UNKNOWN_EXCEPTION", "An unexpected error occurred."),
	503: fail(503, "SERVER_UNAVAILABLE", "The HTTP server is currently unavailable."),
}

// refuse answers faults of the plan in the vendor's envelope, and those of the OAuth endpoints in theirs.
func refuse(w http.ResponseWriter, r *http.Request, f sandbox.Refusal) {
	if strings.HasPrefix(r.URL.Path, "/services/oauth2/") {
		writeJSON(w, f.Status, &oauthError{Kind: "unknown_error", Description: "retry your request"})
		return
	}
	out := refusals[f.Status]
	switch {
	case f.Status == 400 && isWrite(r):
		out = locked
	case out == nil:
		out = fail(f.Status, "UNKNOWN_EXCEPTION", "%s", http.StatusText(f.Status))
	}
	writeFailure(w, out)
}

// isWrite says which requests count as writes: retrieval by POST is a read.
func isWrite(r *http.Request) bool {
	if r.Method != http.MethodPost {
		return r.Method != http.MethodGet && r.Method != http.MethodHead
	}
	path := r.URL.Path
	return !strings.HasSuffix(path, "/jobs/query") && !(strings.Contains(path, "/composite/sobjects/") && strings.Count(path, "/") == 6)
}

// class names the route of a request: ids, locators and external ids are one word each.
func class(r *http.Request) string {
	parts := strings.Split(r.URL.Path, "/")
	for i, p := range parts {
		switch {
		case i < 4:
		case len(p) >= 15 && strings.ContainsAny(p, "0123456789"):
			parts[i] = "{id}"
		case i == 7 && parts[4] == "sobjects":
			parts[i] = "{value}"
		}
	}
	return strings.Join(parts, "/")
}
