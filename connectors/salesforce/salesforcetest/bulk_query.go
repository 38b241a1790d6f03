package salesforcetest

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// hit is a row of a bulk result as it was when the job ran: the result is a file, which later changes do not touch. A
// version is never changed and most are still the row's own, so that a result of a gigabyte costs a few megabytes.
type hit struct {
	o *row
	v *version
}

// createQueryJob checks the query and keeps the job, which runs after the bulk delay.
func (s *Server) createQueryJob(w http.ResponseWriter, r *http.Request) error {
	if s.opt.BulkOff {
		return bulkOff()
	}
	var in jobRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Operation != "query" && in.Operation != "queryAll" {
		return fail(400, "INVALIDOPERATION", "Operation %s is not supported for query jobs", in.Operation)
	}
	var p *plan
	err := s.read(func() (err error) {
		if p, err = s.query(in.Query, in.Operation == "queryAll"); err == nil {
			err = p.bulkable()
		}
		return err
	})
	if err != nil {
		return asBulk(err)
	}
	in.Object = p.t.name
	j, err := s.newJob(r, "query", in)
	if err != nil {
		return err
	}
	s.bulk.mu.Lock()
	defer s.bulk.mu.Unlock()
	j.plan, j.state, j.started = p, jobUploaded, s.now()
	writeJSON(w, http.StatusOK, j.created())
	return nil
}

// asBulk gives the errors of queries the code that the Bulk API has for them.
func asBulk(err error) error {
	f := *asFailure(err)
	if slices.Contains([]string{"MALFORMED_QUERY", "INVALID_FIELD", "INVALID_TYPE", "INVALID_QUERY_FILTER_OPERATOR"}, f.Code) {
		f.Message, f.Code = f.Code+": "+f.Message, "API_ERROR"
	}
	return &f
}

// notInBulk are objects that the Bulk API does not know, of those we have.
var notInBulk = []string{"CaseStatus"}

// bulkable refuses what only REST can answer: children, compound fields, counts and offsets.
func (p *plan) bulkable() error {
	if slices.Contains(notInBulk, p.t.name) {
		return fail(400, "INVALIDENTITY", "Entity '%s' is not supported by the Bulk API.", p.t.name)
	}
	if p.q.Count || p.q.Offset >= 0 {
		return fail(400, "FEATURENOTENABLED", "COUNT and OFFSET are not supported in Bulk Query")
	}
	return flat(p.nodes)
}

func flat(nodes []node) error {
	for _, n := range nodes {
		switch {
		case n.child != nil:
			return fail(400, "FEATURENOTENABLED", "Aggregate Relationships not supported in Bulk Query with CSV content type")
		case n.f != nil && n.parent == nil && (n.f.Type == "address" || n.f.Type == "base64"):
			return fail(400, "API_ERROR", "Selecting compound data not supported in Bulk Query")
		}
		for _, parent := range n.parent {
			if err := flat(parent); err != nil {
				return err
			}
		}
	}
	return nil
}

// runQueryJob fixes the result; the caller holds bulk.mu.
func (s *Server) runQueryJob(j *job) {
	_ = s.read(func() error {
		for _, serial := range j.plan.serials() {
			o := j.plan.t.rows[serial]
			j.hits = append(j.hits, hit{o, o.seen})
		}
		return nil
	})
}

// queryResults streams a part of a job's result. The locator of the next part is opaque, does not change and can be used
// again; "null" ends.
func (s *Server) queryResults(w http.ResponseWriter, r *http.Request) error {
	var part []hit
	var p *plan
	var out csvWriter
	err := s.withJob(r, "query", func(j *job) error {
		from, size, err := s.part(r, len(j.hits))
		switch {
		case j.version != r.PathValue("version"):
			return fail(http.StatusConflict, "API_ERROR", "The results must be read with the API version of the job, %s", j.version)
		case j.state != jobComplete:
			return fail(400, "INVALIDJOBSTATE", "Job is in state %s and has no results", j.state)
		case err != nil:
			return err
		}
		to, next := min(from+size, len(j.hits)), "null"
		if to < len(j.hits) {
			next = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(to)))
		}
		w.Header().Set("Sforce-Locator", next)
		w.Header().Set("Sforce-NumberOfRecords", strconv.Itoa(to-from))
		part, p = j.hits[from:to], j.plan
		out = csvWriter{delimiter: byte(delimiters[j.delimiter]), crlf: j.ending == "CRLF"}
		return nil
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	s.stream(w, p, part, out)
	return nil
}

// part reads locator and maxRecords.
func (s *Server) part(r *http.Request, n int) (from, size int, err error) {
	q := r.URL.Query()
	size = s.opt.BulkPage
	if text := q.Get("maxRecords"); text != "" {
		if size, err = strconv.Atoi(text); err != nil || size < 1 {
			return 0, 0, fail(400, "ILLEGAL_QUERY_PARAMETER_VALUE", "maxRecords %s is not valid", text)
		}
	}
	if text := q.Get("locator"); text != "" {
		b, _ := base64.RawURLEncoding.DecodeString(text) // what is wrong with it shows in the number
		if from, err = strconv.Atoi(string(b)); err != nil || from < 0 || from > n {
			return 0, 0, fail(400, "ILLEGAL_QUERY_PARAMETER_VALUE", "locator %s is not valid", text)
		}
	}
	return from, size, nil
}

// flushAt is how many bytes are made before they are written, so that neither memory nor the organization's lock is held
// for long.
const flushAt = 256 << 10

// stream writes rows as CSV, every part with its header, while it makes them.
func (s *Server) stream(w http.ResponseWriter, p *plan, hits []hit, out csvWriter) {
	for _, name := range columns(p.nodes, "") {
		out.value(name)
	}
	out.end()
	for len(hits) > 0 {
		s.mu.RLock()
		for len(hits) > 0 && len(out.buf) < flushAt {
			s.line(&out, p.t, p.nodes, hits[0])
			out.end()
			hits = hits[1:]
		}
		s.mu.RUnlock()
		if _, err := w.Write(out.buf); err != nil {
			return // the client is gone
		}
		out.buf = out.buf[:0]
	}
	_, _ = w.Write(out.buf)
}

// columns are the names of a result's columns: those of parents are paths.
func columns(nodes []node, prefix string) []string {
	var out []string
	for _, n := range nodes {
		if n.parent == nil {
			out = append(out, prefix+n.key)
			continue
		}
		// The fields of a parent that may be of several objects have the same names in each.
		for _, parent := range n.parent {
			out = append(out, columns(parent, prefix+n.key+".")...)
			break
		}
	}
	return out
}

// parentLine writes the values of the row that a reference points to, empty ones when it is not there.
func (s *Server) parentLine(out *csvWriter, n node, ref any) {
	id, _ := ref.(string)
	parent, o := s.row(id)
	if o != nil && o.seen != nil && !o.seen.deleted && n.parent[parent] != nil {
		s.line(out, parent, n.parent[parent], hit{o, o.seen})
		return
	}
	for range columns([]node{n}, "") {
		out.value("")
	}
}

// line writes the values of one row.
func (s *Server) line(out *csvWriter, t *table, nodes []node, h hit) {
	for _, n := range nodes {
		switch {
		case n.parent != nil:
			s.parentLine(out, n, t.value(h.o, h.v, n.f))
		case n.kind:
			out.value(t.name)
		case n.f == nil:
			out.value("")
		default:
			out.value(n.f.csv(t.value(h.o, h.v, n.f)))
		}
	}
}

// csv writes a value as the Bulk API does: nothing for null, times with Z.
func (f *Field) csv(value any) string {
	switch v := value.(type) {
	case bool:
		return strconv.FormatBool(v)
	case float64:
		return string(appendNumber(nil, v, f.Type == "int"))
	case string:
		if f.Type == "datetime" {
			return strings.TrimSuffix(v, "+0000") + "Z"
		}
		return v
	}
	return ""
}

// csvWriter writes CSV with every value in quotes, as the vendor does.
type csvWriter struct {
	buf       []byte
	delimiter byte
	crlf      bool
	inside    bool
}

func (c *csvWriter) value(s string) {
	if c.inside {
		c.buf = append(c.buf, c.delimiter)
	}
	c.inside = true
	c.buf = append(c.buf, '"')
	c.buf = append(c.buf, strings.ReplaceAll(s, `"`, `""`)...)
	c.buf = append(c.buf, '"')
}

func (c *csvWriter) end() {
	c.inside = false
	if c.crlf {
		c.buf = append(c.buf, '\r')
	}
	c.buf = append(c.buf, '\n')
}
