package activecampaigntest

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/millrace/millrace/connectors/sandbox"
)

// refusal is an answer that is none of 2xx. With a code it is {"errors":[…]}, without one {"message":…}.
type refusal struct {
	status     int
	code, text string
}

// Error implements error.
func (e *refusal) Error() string { return e.text }

func missing(t *table, id string) error {
	return &refusal{http.StatusNotFound, "", "No Result found for " + t.class + " with id " + id}
}

// answer writes what a handler returned.
func answer(w http.ResponseWriter, status int, body string, err error) {
	var refused *refusal
	switch {
	case errors.As(err, &refused):
		status, body = refused.status, refused.body()
	case err != nil:
		status, body = http.StatusBadRequest, encode(map[string]string{"message": err.Error()})
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body))
}

func (e *refusal) body() string {
	if e.code == "" {
		return encode(map[string]string{"message": e.text})
	}
	return encode(map[string]any{"errors": []map[string]any{{"title": e.text, "detail": "", "code": e.code, "source": map[string]string{"pointer": "/data/attributes/email"}}}})
}

// refuse is the answer to a fault.
func refuse(w http.ResponseWriter, _ *http.Request, f sandbox.Refusal) {
	if f.RetryAfter != "" {
		w.Header().Set("Retry-After", f.RetryAfter)
	}
	answer(w, f.Status, "", &refusal{f.Status, "", http.StatusText(f.Status)})
}

func encode(v any) string {
	out, err := json.Marshal(v)
	if err != nil {
		panic("activecampaigntest: " + err.Error())
	}
	return string(out)
}
