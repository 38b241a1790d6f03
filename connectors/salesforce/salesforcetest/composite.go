package salesforcetest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
)

// The bounds of composites, see
// https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_composite_composite.htm.
const (
	maxSubrequests = 25
	maxQueries     = 5 // of them, those that query or are collections
)

// compositeRoutes mounts what does several things in one request.
func (s *Server) compositeRoutes() map[string]handler {
	return map[string]handler{
		"POST composite":                            s.composite,
		"POST composite/{$}":                        s.composite,
		"POST composite/batch":                      s.batch,
		"POST composite/batch/{$}":                  s.batch,
		"POST composite/sobjects":                   s.createMany,
		"PATCH composite/sobjects":                  s.updateMany,
		"DELETE composite/sobjects":                 s.deleteMany,
		"POST composite/sobjects/{object}":          s.retrieve,
		"GET composite/sobjects/{object}":           s.retrieve,
		"PATCH composite/sobjects/{object}/{field}": s.upsertMany,
	}
}

// answer is a subrequest's answer, kept in memory.
type answer struct {
	header http.Header
	code   int
	body   bytes.Buffer
}

// Header is http.ResponseWriter's.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader is http.ResponseWriter's.
func (a *answer) WriteHeader(code int) { a.code = code }

// Write is http.ResponseWriter's.
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// json is the answer's body, null when there is none.
func (a *answer) json() json.RawMessage {
	if a.body.Len() == 0 {
		return json.RawMessage("null")
	}
	return a.body.Bytes()
}

// sub runs one subrequest as the caller of r.
func (s *Server) sub(r *http.Request, method, url string, body []byte) *answer {
	a := &answer{header: http.Header{}, code: http.StatusOK}
	if !strings.HasPrefix(url, "/services/") {
		url = "/services/data/" + strings.TrimPrefix(url, "/")
	}
	req, err := http.NewRequestWithContext(r.Context(), method, url, bytes.NewReader(body))
	if err != nil || strings.Contains(url, "/composite/batch") || strings.HasSuffix(url, "/composite") {
		writeFailure(a, fail(400, "INVALID_SUBREQUEST", "url %s is not allowed here", url))
		return a
	}
	req.Header.Set("Authorization", r.Header.Get("Authorization"))
	req.Host, req.RequestURI = r.Host, url
	s.api.ServeHTTP(a, req)
	return a
}

// batch answers up to 25 independent requests; each counts as a call.
func (s *Server) batch(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		HaltOnError   bool `json:"haltOnError"`
		BatchRequests []struct {
			Method    string          `json:"method"`
			URL       string          `json:"url"`
			RichInput json.RawMessage `json:"richInput"`
		} `json:"batchRequests"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if n := len(in.BatchRequests); n == 0 || n > maxSubrequests {
		return fail(400, "INVALID_BATCH_SIZE", "The batch has %d subrequests; 1 to %d are allowed", n, maxSubrequests)
	}
	type result struct {
		StatusCode int             `json:"statusCode"`
		Result     json.RawMessage `json:"result"`
	}
	s.usage.add(s.now(), len(in.BatchRequests)-1) // the request itself is counted already
	failed, results := false, []result{}
	for _, q := range in.BatchRequests {
		if failed && in.HaltOnError {
			results = append(results, result{412, marshal([]*failure{fail(412, "BATCH_PROCESSING_HALTED", "Batch processing halted per request")})})
			continue
		}
		a := s.sub(r, q.Method, q.URL, q.RichInput)
		failed = failed || a.code >= 400
		results = append(results, result{a.code, a.json()})
	}
	writeJSON(w, http.StatusOK, map[string]any{"hasErrors": failed, "results": results})
	return nil
}

// subrequest is one of a composite.
type subrequest struct {
	Method      string          `json:"method"`
	URL         string          `json:"url"`
	ReferenceID string          `json:"referenceId"`
	Body        json.RawMessage `json:"body"`
}

// subresponse is its answer.
type subresponse struct {
	Body        json.RawMessage   `json:"body"`
	HTTPHeaders map[string]string `json:"httpHeaders"`
	Status      int               `json:"httpStatusCode"`
	ReferenceID string            `json:"referenceId"`
}

// composite answers up to 25 requests of which later ones may refer to the answers of earlier ones. With allOrNone the
// writes before a failure are undone afterwards; between them others may have seen them, which the vendor prevents.
func (s *Server) composite(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		AllOrNone        bool         `json:"allOrNone"`
		CompositeRequest []subrequest `json:"compositeRequest"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if err := checkComposite(in.CompositeRequest); err != nil {
		return err
	}
	var notes *journal
	if in.AllOrNone {
		notes = &journal{}
		r = notes.with(r)
	}
	answers := map[string]any{}
	out := make([]subresponse, len(in.CompositeRequest))
	failed := -1
	for i, q := range in.CompositeRequest {
		out[i] = s.compose(r, q, answers, failed >= 0 && in.AllOrNone)
		if out[i].Status >= 400 && failed < 0 {
			failed = i
		}
	}
	if notes != nil && failed >= 0 {
		s.undo(notes)
		for i, q := range in.CompositeRequest[:failed] {
			out[i] = halted(q, "The transaction was rolled back since another operation in the same transaction failed.")
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"compositeResponse": out})
	return nil
}

func checkComposite(all []subrequest) error {
	if len(all) == 0 || len(all) > maxSubrequests {
		return fail(400, "INVALID_COMPOSITE_SIZE", "The composite has %d subrequests; 1 to %d are allowed", len(all), maxSubrequests)
	}
	seen, queries := map[string]bool{}, 0
	for _, q := range all {
		if q.ReferenceID == "" || seen[q.ReferenceID] {
			return fail(400, "INVALID_REFERENCE_ID", "Provided referenceId ('%s') is missing or used twice", q.ReferenceID)
		}
		seen[q.ReferenceID] = true
		if strings.Contains(q.URL, "/query") || strings.Contains(q.URL, "/composite/sobjects") {
			queries++
		}
	}
	if queries > maxQueries {
		return fail(400, "LIMIT_EXCEEDED", "No more than %d query and collection subrequests are allowed in a composite", maxQueries)
	}
	return nil
}

func halted(q subrequest, why string) subresponse {
	return subresponse{marshal([]*failure{fail(400, "PROCESSING_HALTED", "%s", why)}), map[string]string{}, 400, q.ReferenceID}
}

// reference is @{id.path} in a URL or body.
var reference = regexp.MustCompile(`@\{([A-Za-z][A-Za-z0-9_]*)((?:\.[A-Za-z0-9_]+|\[[0-9]+\])*)\}`)

// compose runs one subrequest with its references filled in.
func (s *Server) compose(r *http.Request, q subrequest, answers map[string]any, stop bool) subresponse {
	if stop {
		return halted(q, "The transaction was rolled back since another operation in the same transaction failed.")
	}
	var bad string
	fill := func(text string) string {
		return reference.ReplaceAllStringFunc(text, func(m string) string {
			parts := reference.FindStringSubmatch(m)
			value, ok := dig(answers[parts[1]], parts[2])
			if !ok {
				bad = m
			}
			return value
		})
	}
	url, body := fill(q.URL), fill(string(q.Body))
	if bad != "" {
		return halted(q, "Invalid reference specified. No value for "+bad+" found")
	}
	a := s.sub(r, q.Method, url, []byte(body))
	var parsed any
	_ = json.Unmarshal(a.json(), &parsed)
	answers[q.ReferenceID] = parsed
	headers := map[string]string{}
	for _, name := range []string{"Location", "ETag", "Last-Modified"} {
		if v := a.header.Get(name); v != "" {
			headers[name] = v
		}
	}
	return subresponse{a.json(), headers, a.code, q.ReferenceID}
}

// step is one part of a reference's path.
var step = regexp.MustCompile(`\.([A-Za-z0-9_]+)|\[([0-9]+)\]`)

// dig follows a path such as .records[0].Id in an answer.
func dig(v any, path string) (string, bool) {
	for _, m := range step.FindAllStringSubmatch(path, -1) {
		if m[2] != "" {
			list, _ := v.([]any)
			i, err := strconv.Atoi(m[2])
			if err != nil || i >= len(list) {
				return "", false
			}
			v = list[i]
			continue
		}
		object, _ := v.(map[string]any)
		v = object[m[1]]
	}
	switch v.(type) {
	case string, bool, float64:
		return fmt.Sprint(v), true
	}
	return "", false
}
