package sandbox

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The kinds of fault that are not a status code. A status code is written as a number ("503"): it is answered without
// handling the request.
const (
	Truncate = "truncate" // handled, but only half the body arrives and the connection ends
	HTML     = "html"     // not handled: 200 with a web page, as a proxy or a maintenance screen answers
	Drop     = "drop"     // not handled: the connection ends without an answer
	Lost     = "lost"     // handled, then the connection ends without an answer
	Lost500  = "lost500"  // handled, then 500
	Slow     = "slow"     // handled after Delay
)

// Match says which requests a fault is for; an empty field matches everything.
type Match struct {
	Method string `json:"method,omitempty"` // an HTTP method in upper case
	Path   string `json:"path,omitempty"`   // a regular expression (RE2) searched in the URL's path
}

// Fault is one way for a vendor to misbehave, for the requests it matches.
type Fault struct {
	Match Match `json:"match,omitzero"`
	// Kind is a status code from 400 to 599 in digits, or one of the constants above.
	Kind string `json:"kind"`
	// Skip lets so many matching requests pass unharmed first.
	Skip int `json:"skip,omitempty"`
	// Times is how many requests are harmed before the fault is spent; 0 means for ever.
	Times int `json:"times,omitempty"`
	// Probability is the chance that a matching request is harmed, in (0,1]; 0 means always.
	Probability float64 `json:"probability,omitempty"`
	// RetryAfter is sent verbatim as the Retry-After header with a status code: seconds or an HTTP date.
	RetryAfter string `json:"retry_after,omitempty"`
	// Delay is how long Slow waits.
	Delay Duration `json:"delay,omitempty"`
}

// Duration is a time.Duration that JSON writes the way people do ("250ms", "1h30m").
type Duration time.Duration

// MarshalJSON writes the duration as a string.
func (d Duration) MarshalJSON() ([]byte, error) { return json.Marshal(time.Duration(d).String()) }

// UnmarshalJSON reads a string such as "250ms"; a bare number is refused because its unit would be a guess.
func (d *Duration) UnmarshalJSON(b []byte) error {
	var s string
	if err := json.Unmarshal(b, &s); err != nil {
		return fmt.Errorf("read duration %s: want a string such as \"250ms\"", b)
	}
	v, err := time.ParseDuration(s)
	if err != nil {
		return fmt.Errorf("read duration %q: want a form such as 250ms, 2s or 1h30m", s)
	}
	*d = Duration(v)
	return nil
}

// maxFaultFile bounds a fault file; a thousand faults fit in a tenth of it.
const maxFaultFile = 1 << 20

// ReadFaults decodes a JSON array of faults strictly: an unknown key, an unknown kind, a bad expression or anything
// after the array is an error that names the fault by its place, counted from 1.
func ReadFaults(r io.Reader) ([]Fault, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxFaultFile+1))
	if err != nil {
		return nil, fmt.Errorf("read faults: %w", err)
	}
	if len(body) > maxFaultFile {
		return nil, fmt.Errorf("read faults: larger than %d bytes", maxFaultFile)
	}
	var raw []json.RawMessage
	if err := json.Unmarshal(body, &raw); err != nil {
		return nil, fmt.Errorf("read faults: want a JSON array of faults: %w", err)
	}
	faults := make([]Fault, len(raw))
	for i, one := range raw {
		dec := json.NewDecoder(strings.NewReader(string(one)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&faults[i]); err != nil {
			return nil, fmt.Errorf("read fault %d: %w", i+1, err)
		}
		if _, err := faults[i].compile(); err != nil {
			return nil, fmt.Errorf("read fault %d: %w", i+1, err)
		}
	}
	return faults, nil
}

// compile checks the fault and returns its path expression, nil for any path.
func (f Fault) compile() (*regexp.Regexp, error) {
	if err := f.checkKind(); err != nil {
		return nil, err
	}
	if f.Match.Method != strings.ToUpper(f.Match.Method) {
		return nil, fmt.Errorf("method %q: write it in upper case", f.Match.Method)
	}
	if f.Probability < 0 || f.Probability > 1 {
		return nil, fmt.Errorf("probability %v: want 0 to 1", f.Probability)
	}
	if f.Times < 0 || f.Skip < 0 || f.Delay < 0 {
		return nil, errors.New("times, skip and delay must not be negative")
	}
	if f.Match.Path == "" {
		return nil, nil
	}
	re, err := regexp.Compile(f.Match.Path)
	if err != nil {
		return nil, fmt.Errorf("path: %w", err)
	}
	return re, nil
}

// checkKind refuses kinds that do not exist and settings that belong to another kind.
func (f Fault) checkKind() error {
	named := []string{Truncate, HTML, Drop, Lost, Lost500, Slow}
	if f.status() == 0 && !slices.Contains(named, f.Kind) {
		return fmt.Errorf("kind %q: want a status code 400 to 599 or one of %s", f.Kind, strings.Join(named, ", "))
	}
	if (f.Kind == Slow) != (f.Delay > 0) {
		return fmt.Errorf("kind %q with delay %v: delay belongs to %q, which needs one", f.Kind, time.Duration(f.Delay), Slow)
	}
	if f.RetryAfter == "" {
		return nil
	}
	if f.status() == 0 {
		return fmt.Errorf("kind %q: retry_after belongs to a status code", f.Kind)
	}
	if _, err := strconv.ParseUint(f.RetryAfter, 10, 31); err == nil {
		return nil
	}
	if _, err := http.ParseTime(f.RetryAfter); err != nil {
		return fmt.Errorf("retry_after %q: want seconds or an HTTP date", f.RetryAfter)
	}
	return nil
}

// status returns the status code the kind names, or 0.
func (f Fault) status() int {
	n, err := strconv.Atoi(f.Kind)
	if err != nil || len(f.Kind) != 3 || n < 400 || n > 599 {
		return 0
	}
	return n
}
