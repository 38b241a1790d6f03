package asanatest

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// help is the text Asana adds to most refusals.
const help = "For more information on API status codes and how to handle them, read the docs on errors: https://developers.asana.com/docs/errors"

// apiError is a refusal as the API answers it. Several messages mean several faults in one request.
type apiError struct {
	status   int
	messages []string
	phrase   string        // 5xx only
	sync     string        // 412 of /events only
	retry    time.Duration // 429 only
	bare     bool          // no help text, as in the documented 401, 412 and 429
}

func (e *apiError) Error() string { return fmt.Sprintf("%d: %v", e.status, e.messages) }

// body is the JSON envelope.
func (e *apiError) body() map[string]any {
	list := make([]map[string]any, 0, len(e.messages))
	for _, m := range e.messages {
		entry := map[string]any{"message": m}
		if !e.bare {
			entry["help"] = help
		}
		if e.phrase != "" {
			entry["phrase"] = e.phrase
		}
		list = append(list, entry)
	}
	out := map[string]any{"errors": list}
	if e.sync != "" {
		out["sync"] = e.sync
	}
	return out
}

// retryAfter is the header's value, whole seconds and never 0.
func (e *apiError) retryAfter() string {
	return strconv.Itoa(max(1, int((e.retry+time.Second-1)/time.Second)))
}

func invalid(format string, args ...any) *apiError {
	return &apiError{status: http.StatusBadRequest, messages: []string{fmt.Sprintf(format, args...)}}
}

func forbidden(format string, args ...any) *apiError {
	return &apiError{status: http.StatusForbidden, messages: []string{fmt.Sprintf(format, args...)}}
}

// unknown is the answer for an object that does not exist, was deleted, or may not be seen.
func unknown(kind, id string) *apiError {
	return &apiError{status: http.StatusNotFound, messages: []string{kind + ": Unknown object: " + id}}
}

func unauthorized() *apiError {
	return &apiError{status: http.StatusUnauthorized, messages: []string{"Not Authorized"}, bare: true}
}

func tooMany(retry time.Duration) *apiError {
	return &apiError{status: http.StatusTooManyRequests, bare: true, retry: retry, messages: []string{
		"You've made too many requests and hit a rate limit. Please retry after the given amount of time."}}
}

func noRoute() *apiError {
	return &apiError{status: http.StatusNotFound, messages: []string{"No matching route for request"}}
}
