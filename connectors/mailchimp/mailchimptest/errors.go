package mailchimptest

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/millrace/millrace/connectors/sandbox"
)

// failure is a refusal in the vendor's form, application/problem+json.
type failure struct {
	status        int
	title, detail string
	errors        []map[string]string
	untyped       bool // without `type`, as recorded of Member Exists
}

func (f *failure) Error() string { return f.title }

func fail(status int, title, detail string) *failure {
	return &failure{status: status, title: title, detail: detail}
}

func notFound() *failure {
	return fail(http.StatusNotFound, "Resource Not Found", "The requested resource could not be found.")
}

func invalid(detail string, field, message string) *failure {
	f := fail(http.StatusBadRequest, "Invalid Resource", detail)
	if field != "" {
		f.errors = []map[string]string{{"field": field, "message": message}}
	}
	return f
}

func (f *failure) write(w http.ResponseWriter) {
	body := object{}
	if !f.untyped {
		body = append(body, pair{"type", "https://mailchimp.com/developer/marketing/docs/errors/"})
	}
	body = append(body, pair{"title", f.title}, pair{"status", f.status}, pair{"detail", f.detail}, pair{"instance", uuid.NewString()})
	if f.errors != nil {
		body = append(body, pair{"errors", f.errors})
	}
	w.Header().Set("Content-Type", "application/problem+json; charset=utf-8")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(body)
}

// titles are the vendor's sentences (https://mailchimp.com/developer/marketing/docs/errors/).
var titles = map[int]string{400: "Bad Request", 401: "API Key Invalid", 403: "Forbidden", 404: "Resource Not Found", 405: "Method Not Allowed",
	429: "Too Many Requests", 500: "Internal Server Error"}

// refuse answers a fault of the plan as the vendor would.
func refuse(w http.ResponseWriter, _ *http.Request, r sandbox.Refusal) {
	if r.RetryAfter != "" {
		w.Header().Set("Retry-After", r.RetryAfter)
	}
	title := titles[r.Status]
	if title == "" {
		title = http.StatusText(r.Status)
	}
	fail(r.Status, title, "Fault "+strconv.Itoa(r.Status)+" of the sandbox.").write(w)
}

// handler is an operation: it returns what is answered with 200, nothing for 204, or a failure.
func handler(h func(*http.Request) (any, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, 10<<20)
		out, err := h(r)
		var f *failure
		switch {
		case errors.As(err, &f):
			f.write(w)
			return
		case err != nil:
			fail(http.StatusInternalServerError, "Internal Server Error", err.Error()).write(w)
			return
		case out == nil:
			w.WriteHeader(http.StatusNoContent)
			return
		}
		body, f := selected(r, out)
		if f != nil {
			f.write(w)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write(body)
	})
}

// read decodes a request's body.
func read(r *http.Request, into any) *failure {
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		return fail(http.StatusBadRequest, "JSON Parse Error", "We encountered an unspecified JSON parsing error.")
	}
	return nil
}
