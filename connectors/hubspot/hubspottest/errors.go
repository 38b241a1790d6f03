package hubspottest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
)

// failure is HubSpot's error envelope; only message and correlationId are always there.
type failure struct {
	code          int
	Status        string              `json:"status"`
	Message       string              `json:"message"`
	CorrelationID string              `json:"correlationId"`
	Context       map[string][]string `json:"context,omitempty"`
	Links         map[string]string   `json:"links,omitempty"`
	Errors        []detail            `json:"errors,omitempty"`
	Category      string              `json:"category,omitempty"`
	SubCategory   string              `json:"subCategory,omitempty"`
	PolicyName    string              `json:"policyName,omitempty"`
}

type detail struct {
	Message string              `json:"message"`
	Code    string              `json:"code,omitempty"`
	Context map[string][]string `json:"context,omitempty"`
}

// Error makes a failure an error, so that handlers can return it.
func (f *failure) Error() string { return f.Message }

func fail(code int, category, format string, args ...any) *failure {
	return &failure{code: code, Status: "error", Category: category, Message: fmt.Sprintf(format, args...)}
}

func (f *failure) with(name string, values ...string) *failure {
	if f.Context == nil {
		f.Context = map[string][]string{}
	}
	f.Context[name] = values
	return f
}

func invalid(format string, args ...any) *failure {
	return fail(http.StatusBadRequest, "VALIDATION_ERROR", format, args...)
}

// missing is the answer to one object that is not there.
func missing() *failure { return fail(http.StatusNotFound, "OBJECT_NOT_FOUND", "resource not found") }

// partial is an entry of errors in a 207 answer.
type partial struct {
	Status      string              `json:"status"`
	Category    string              `json:"category"`
	SubCategory string              `json:"subCategory,omitempty"`
	Message     string              `json:"message"`
	Context     map[string][]string `json:"context,omitempty"`
}

// badProperty is one of the validation results that HubSpot writes as JSON text into the message of a 400.
type badProperty struct {
	IsValid bool   `json:"isValid"`
	Message string `json:"message"`
	Error   string `json:"error"`
	Name    string `json:"name"`
}

// invalidProperties renders validation results as recorded: each in the message, each name at most three times below.
func invalidProperties(bad []badProperty) *failure {
	text, err := json.Marshal(bad)
	if err != nil {
		panic(err) // strings and booleans always marshal
	}
	f := invalid("Property values were not valid: %s", text)
	for _, b := range bad[:min(len(bad), 3)] {
		f.Errors = append(f.Errors, detail{Message: b.Message, Code: b.Error, Context: map[string][]string{"propertyName": {b.Name}}})
	}
	return f
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
		f = fail(http.StatusInternalServerError, "", "internal error: %v", err)
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

// Write keeps the bytes; handlers write once, a slice they do not touch again.
func (l *later) Write(b []byte) (int, error) {
	l.body = b
	return len(b), nil
}

func (l *later) send() {
	l.ResponseWriter.WriteHeader(l.code)
	_, _ = l.ResponseWriter.Write(l.body)
}

func writeFailure(w http.ResponseWriter, f *failure) {
	out := *f
	out.CorrelationID = uuid.NewString()
	w.Header().Set("X-HubSpot-Correlation-Id", out.CorrelationID)
	writeJSON(w, out.code, out)
}

func writeJSON(w http.ResponseWriter, code int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		panic(err) // the package marshals its own types only
	}
	writeBody(w, code, body)
}

func writeBody(w http.ResponseWriter, code int, body []byte) {
	w.Header().Set("Content-Type", "application/json;charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write(body)
}

// maxBody bounds a request's body; a batch of 100 objects with every property filled stays far below.
const maxBody = 16 << 20

// decode reads a JSON body into v.
func decode(w http.ResponseWriter, r *http.Request, v any) error {
	dec := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	if err := dec.Decode(v); err != nil {
		return invalid("Invalid input JSON: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}

// text is a JSON string that HubSpot also accepts as a number, a boolean or null.
type text string

// UnmarshalJSON takes any scalar.
func (t *text) UnmarshalJSON(b []byte) error {
	switch {
	case len(b) > 0 && b[0] == '"':
		return json.Unmarshal(b, (*string)(t))
	case string(b) == "null":
		*t = ""
	case b[0] == '{' || b[0] == '[':
		return fmt.Errorf("cannot deserialize value of type string from %.20s", b)
	default:
		*t = text(b)
	}
	return nil
}
