package salesforcetest

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
)

// maxUpload is how much data one ingest job takes, see the Bulk API 2.0 limits.
const maxUpload = 150 << 20

// ingestChunk is how many rows are written in one transaction, hence with one SystemModstamp.
const ingestChunk = 200

// outcome is what became of one row of an upload.
type outcome struct {
	id      string
	created bool
	failure string
	row     []string
}

// createIngestJob keeps an empty job.
func (s *Server) createIngestJob(w http.ResponseWriter, r *http.Request) error {
	if s.opt.BulkOff {
		return bulkOff()
	}
	var in jobRequest
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if !slices.Contains([]string{"insert", "update", "upsert", "delete", "hardDelete"}, in.Operation) {
		return fail(400, "INVALIDOPERATION", "Operation %s is not supported for ingest jobs", in.Operation)
	}
	err := s.read(func() error {
		t := s.table(in.Object)
		if t == nil || t.system {
			return fail(400, "INVALIDENTITY", "Entity '%s' is not supported by the Bulk API.", in.Object)
		}
		in.Object = t.name
		if f := t.field(in.ExternalIDFieldName); in.Operation == "upsert" && (f == nil || !(f.ExternalID || f.Lookup)) {
			return fail(400, "INVALIDJOB", "InvalidJob : Field name provided, %s does not match an External ID, Salesforce Id, or indexed field for %s", in.ExternalIDFieldName, t.name)
		}
		return nil
	})
	if err != nil {
		return err
	}
	j, err := s.newJob(r, "ingest", in)
	if err != nil {
		return err
	}
	s.bulk.mu.Lock()
	defer s.bulk.mu.Unlock()
	j.state = jobOpen
	writeJSON(w, http.StatusOK, j.created())
	return nil
}

// upload takes the data of a job, once.
func (s *Server) upload(w http.ResponseWriter, r *http.Request) error {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxUpload))
	if err != nil {
		return fail(http.StatusRequestEntityTooLarge, "EXCEEDEDQUOTA", "more than %d bytes in one job", maxUpload)
	}
	return s.withJob(r, "ingest", func(j *job) error {
		if j.state != jobOpen || j.data != nil {
			return fail(400, "INVALIDJOBSTATE", "Job is in state %s or has data already", j.state)
		}
		j.data = body
		w.WriteHeader(http.StatusCreated)
		return nil
	})
}

// ingest processes an upload; the caller holds bulk.mu, which keeps other jobs waiting as the vendor's queue does.
func (s *Server) ingest(j *job) {
	in := csv.NewReader(bytes.NewReader(j.data))
	in.Comma = delimiters[j.delimiter]
	rows, err := in.ReadAll()
	if err != nil || len(rows) == 0 {
		j.failure = "InvalidBatch : Failed to parse CSV. The CSV is empty or malformed."
		return
	}
	header := rows[0]
	j.header = header
	if j.failure = s.checkHeader(j, header); j.failure != "" {
		return
	}
	for chunk := range slices.Chunk(rows[1:], ingestChunk) {
		_ = s.write(j.by, false, func(x *tx) error {
			for _, values := range chunk {
				out := outcome{row: values}
				if err := x.ingestRow(j, header, &out); err != nil {
					out.failure = ingestError(err, header, values)
					j.failed++
				}
				j.outcomes = append(j.outcomes, out)
			}
			return nil // rows fail one by one
		})
	}
	j.data = nil
}

// checkHeader refuses columns that are no fields, which fails the whole job (recorded).
func (s *Server) checkHeader(j *job, header []string) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	t := s.mustTable(j.object)
	for _, name := range header {
		rel, field, parent := strings.Cut(name, ".")
		known := t.field(name) != nil
		if f := t.relation(rel); parent && f != nil {
			target := binder{s: s}.target(f)
			known = target != nil && target.field(field) != nil
		}
		if !known {
			return "InvalidBatch : Field name not found : " + name
		}
	}
	return ""
}

// ingestRow writes one row of an upload.
func (x *tx) ingestRow(j *job, header []string, out *outcome) error {
	t := x.s.mustTable(j.object)
	in, id, external, err := x.csvInput(j, t, header, out.row)
	if err != nil {
		return err
	}
	o := t.find(id)
	if o != nil {
		out.id = t.id(o.serial)
	}
	switch j.operation {
	case "insert":
		out.created = true
		out.id, err = x.createCSV(t, in)
	case "update":
		err = x.updateCSV(t, o, in)
	case "upsert":
		return x.upsertCSV(j, t, id, external, in, out)
	default:
		if err = x.discard(t, o); err == nil && j.operation == "hardDelete" {
			x.s.bin = append(x.s.bin, binned{x.now.Add(-x.s.opt.PurgeAfter), t, o, o.cur.gone})
		}
	}
	return err
}

// csvInput reads a row: "" leaves a field alone and #N/A empties it. A column such as Account.ExtId__c names a parent by
// its external id.
func (x *tx) csvInput(j *job, t *table, header, values []string) (in input, id, external string, err error) {
	in = input{}
	for i, name := range header {
		value := values[i]
		rel, field, parent := strings.Cut(name, ".")
		switch {
		case parent && value != "":
			ref := t.relation(rel)
			rows, _, err := x.s.byField(binder{s: x.s}.target(ref), field, value)
			if err != nil || len(rows) != 1 {
				return nil, "", "", fail(400, "INVALID_FIELD", "Foreign key external ID: %s not found for field %s in entity %s", strings.ToLower(value), field, ref.ReferenceTo[0]).on()
			}
			in[ref.Name] = (binder{s: x.s}.target(ref)).id(rows[0].serial)
		case parent:
		case strings.EqualFold(name, "Id"):
			id = value
		case strings.EqualFold(name, j.external):
			external = value
		case value == "#N/A":
			in[name] = nil
		case value != "" || j.operation == "insert":
			in[name] = value
		}
	}
	return in, id, external, nil
}

func (x *tx) createCSV(t *table, in input) (string, error) {
	values, err := x.clean(t, nil, in, manner{csv: true})
	if err != nil {
		return "", err
	}
	return t.id(x.insert(t, values, 0).serial), nil
}

func (x *tx) updateCSV(t *table, o *row, in input) error {
	switch {
	case o == nil:
		return fail(400, "MALFORMED_ID", "Id not specified in an update call or not found").on("Id")
	case o.cur.deleted:
		return gone()
	}
	values, err := x.clean(t, o, in, manner{csv: true})
	if err == nil {
		x.change(t, o, values)
	}
	return err
}

func (x *tx) upsertCSV(j *job, t *table, id, external string, in input, out *outcome) error {
	if strings.EqualFold(j.external, "Id") {
		external = id
	}
	var rows []*row
	var f *Field
	var err error
	if external != "" {
		if rows, f, err = x.s.byField(t, j.external, external); err != nil {
			return err
		}
	} else {
		f = t.field(j.external)
	}
	switch {
	case len(rows) > 1:
		return fail(400, "DUPLICATE_EXTERNAL_ID", "%s: more than one record found for external id field", f.Name).on(f.Name)
	case len(rows) == 1:
		out.id = t.id(rows[0].serial)
		return x.updateCSV(t, rows[0], in)
	case external == "" && f.system != sysID:
		return fail(400, "MISSING_ARGUMENT", "%s not specified", f.Name).on(f.Name)
	case f.system != sysID:
		in[f.Name] = external
	}
	out.created = true
	out.id, err = x.createCSV(t, in)
	return err
}

// ingestError is how failedResults name an error (recorded).
func ingestError(err error, header, values []string) string {
	var f *failure
	if !errors.As(err, &f) {
		return "UNKNOWN_EXCEPTION:" + err.Error() + ":--"
	}
	fields := ""
	if f.Fields != nil {
		fields = strings.Join(*f.Fields, " ")
	}
	if f.Code != "JSON_PARSER_ERROR" {
		return fmt.Sprintf("%s:%s:%s --", f.Code, f.Message, fields)
	}
	i := slices.IndexFunc(header, func(h string) bool { return strings.EqualFold(h, fields) })
	return fmt.Sprintf("INVALID_FIELD:Failed to deserialize field at col %d. Due to, '%s' is not a valid value for the type %s:%s --", i, values[max(i, 0)], f.xsd(), fields)
}

// xsd is the XML type that a JSON_PARSER_ERROR is about: the word after "instance of".
func (f *failure) xsd() string {
	words := strings.Fields(f.Message)
	if len(words) < 5 {
		return "xsd:string"
	}
	if kind := soapTypes[words[4]]; kind != "" {
		return kind
	}
	return "xsd:string"
}

// ingestResults answers the rows that were written, or those that were not, with what was uploaded.
func (s *Server) ingestResults(good bool) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.withJob(r, "ingest", func(j *job) error {
			out := csvWriter{delimiter: byte(delimiters[j.delimiter]), crlf: j.ending == "CRLF"}
			out.value("sf__Id")
			out.value(map[bool]string{true: "sf__Created", false: "sf__Error"}[good])
			for _, name := range j.header {
				out.buf = append(append(out.buf, out.delimiter), name...)
			}
			out.end()
			for _, x := range j.outcomes {
				if (x.failure == "") != good {
					continue
				}
				out.value(x.id)
				out.value(map[bool]string{true: fmt.Sprint(x.created), false: x.failure}[good])
				for _, v := range x.row {
					out.value(v)
				}
				out.end()
			}
			w.Header().Set("Content-Type", "text/csv; charset=utf-8")
			_, _ = w.Write(out.buf)
			return nil
		})
	}
}

// unprocessed answers the rows of a job that was aborted or failed as a whole.
func (s *Server) unprocessed(w http.ResponseWriter, r *http.Request) error {
	return s.withJob(r, "ingest", func(j *job) error {
		w.Header().Set("Content-Type", "text/csv; charset=utf-8")
		_, _ = w.Write(j.data)
		return nil
	})
}
