package salesforcetest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The states of a bulk job.
const (
	jobOpen       = "Open"
	jobUploaded   = "UploadComplete"
	jobInProgress = "InProgress"
	jobComplete   = "JobComplete"
	jobAborted    = "Aborted"
	jobFailed     = "Failed"
)

// jobLife is how long a job and its results are kept.
const jobLife = 7 * 24 * time.Hour

// bulk holds the jobs of Bulk API 2.0, see
// https://developer.salesforce.com/docs/atlas.en-us.api_asynch.meta/api_asynch/bulk_api_2_0.htm.
type bulk struct {
	mu   sync.Mutex
	last uint64
	jobs map[string]*job
}

// job is one job; its fields are guarded by bulk.mu.
type job struct {
	id, kind  string // kind is query or ingest
	operation string
	object    string
	version   string
	external  string
	delimiter string
	ending    string
	by        string
	made      time.Time
	touched   time.Time
	started   time.Time // when it was handed over for processing
	state     string
	failure   string

	plan *plan // of a query
	hits []hit // its result, once it is complete

	data     []byte // of an ingest, until it was processed
	header   []string
	outcomes []outcome
	failed   int
}

// delimiters are the words for column delimiters.
var delimiters = map[string]rune{"": ',', "COMMA": ',', "SEMICOLON": ';', "TAB": '\t', "PIPE": '|', "CARET": '^', "BACKQUOTE": '`'}

// bulkRoutes mounts both kinds of job.
func (s *Server) bulkRoutes() map[string]handler {
	return map[string]handler{
		"POST jobs/query":                          s.createQueryJob,
		"GET jobs/query":                           s.listJobs("query"),
		"GET jobs/query/{job}":                     s.showJob("query"),
		"PATCH jobs/query/{job}":                   s.moveJob("query"),
		"DELETE jobs/query/{job}":                  s.deleteJob("query"),
		"GET jobs/query/{job}/results":             s.queryResults,
		"POST jobs/ingest":                         s.createIngestJob,
		"GET jobs/ingest":                          s.listJobs("ingest"),
		"GET jobs/ingest/{job}":                    s.showJob("ingest"),
		"PATCH jobs/ingest/{job}":                  s.moveJob("ingest"),
		"DELETE jobs/ingest/{job}":                 s.deleteJob("ingest"),
		"PUT jobs/ingest/{job}/batches":            s.upload,
		"GET jobs/ingest/{job}/successfulResults":  s.ingestResults(true),
		"GET jobs/ingest/{job}/failedResults":      s.ingestResults(false),
		"GET jobs/ingest/{job}/unprocessedrecords": s.unprocessed,
	}
}

// jobRequest is the body that creates or moves a job.
type jobRequest struct {
	Operation           string `json:"operation"`
	Object              string `json:"object"`
	Query               string `json:"query"`
	State               string `json:"state"`
	ContentType         string `json:"contentType"`
	ColumnDelimiter     string `json:"columnDelimiter"`
	LineEnding          string `json:"lineEnding"`
	ExternalIDFieldName string `json:"externalIdFieldName"`
}

// newJob checks what both kinds have in common and keeps the job.
func (s *Server) newJob(r *http.Request, kind string, in jobRequest) (*job, error) {
	if _, ok := delimiters[in.ColumnDelimiter]; !ok || (in.ContentType != "" && in.ContentType != "CSV") || !slices.Contains([]string{"", "LF", "CRLF"}, in.LineEnding) {
		return nil, fail(400, "INVALIDJOB", "contentType, columnDelimiter or lineEnding is not valid")
	}
	now := s.now()
	b := &s.bulk
	b.mu.Lock()
	defer b.mu.Unlock()
	if kind == "query" && b.since(kind, now) >= s.opt.BulkJobs {
		return nil, fail(400, "LIMIT_EXCEEDED", "Max bulk v2 query jobs (%d) per 24 hrs has been reached", s.opt.BulkJobs)
	}
	b.last++
	j := &job{id: newID("750"+pod, firstSerial+b.last), kind: kind, operation: in.Operation, object: in.Object, version: r.PathValue("version"), external: in.ExternalIDFieldName,
		delimiter: in.ColumnDelimiter, ending: in.LineEnding, by: s.auth.userOf(bearer(r)), made: now, touched: now}
	if j.delimiter == "" {
		j.delimiter = "COMMA"
	}
	if j.ending == "" {
		j.ending = "LF"
	}
	if b.jobs == nil {
		b.jobs = map[string]*job{}
	}
	b.jobs[j.id] = j
	return j, nil
}

// since counts the jobs of a kind made in the 24 hours before now; the caller holds mu.
func (b *bulk) since(kind string, now time.Time) int {
	n := 0
	for _, j := range b.jobs {
		if j.kind == kind && now.Sub(j.made) < 24*time.Hour {
			n++
		}
	}
	return n
}

// jobsToday counts the jobs of both kinds in 24 hours.
func (s *Server) jobsToday() (queries, ingests int) {
	s.bulk.mu.Lock()
	defer s.bulk.mu.Unlock()
	return s.bulk.since("query", s.now()), s.bulk.since("ingest", s.now())
}

// withJob runs f on the job a path names, under the lock and in its present state.
func (s *Server) withJob(r *http.Request, kind string, f func(*job) error) error {
	if s.opt.BulkOff {
		return bulkOff()
	}
	b := &s.bulk
	b.mu.Lock()
	defer b.mu.Unlock()
	id, _ := canonicalID(r.PathValue("job"))
	j := b.jobs[id]
	if j == nil || j.kind != kind || s.now().Sub(j.made) >= jobLife {
		return missing()
	}
	s.progress(j)
	return f(j)
}

// bulkOff is the answer to users who may not use the Bulk API.
func bulkOff() *failure { return fail(400, "FEATURENOTENABLED", "Async API not enabled") }

// progress moves a job to the state it has by now; the caller holds bulk.mu.
func (s *Server) progress(j *job) {
	if j.state != jobUploaded && j.state != jobInProgress {
		return
	}
	j.state = jobInProgress
	now := s.now()
	if now.Sub(j.started) < s.opt.BulkDelay {
		return
	}
	j.touched = now
	switch {
	case j.failure != "":
		j.state = jobFailed
	case j.kind == "query":
		s.runQueryJob(j)
		j.state = jobComplete
	default:
		j.state = jobComplete
	}
}

// info is a job as the API shows it. The answer to a creation is short, that to a change of state even shorter
// (recorded).
func (j *job) info(full bool) map[string]any {
	number, _ := strings.CutPrefix(j.version, "v")
	out := map[string]any{"id": j.id, "operation": j.operation, "object": j.object, "createdById": j.by, "createdDate": stamp(j.made.Unix()),
		"systemModstamp": stamp(j.touched.Unix()), "state": j.state, "concurrencyMode": "Parallel", "contentType": "CSV", "apiVersion": json.RawMessage(number)}
	if j.external != "" {
		out["externalIdFieldName"] = j.external
	}
	if !full {
		return out
	}
	out["lineEnding"], out["columnDelimiter"] = j.ending, j.delimiter
	out["retries"], out["totalProcessingTime"] = 0, j.touched.Sub(j.made).Milliseconds()
	if j.kind == "query" {
		out["jobType"], out["numberRecordsProcessed"], out["isPkChunkingSupported"] = "V2Query", len(j.hits), true
		return out
	}
	out["jobType"], out["numberRecordsProcessed"], out["numberRecordsFailed"] = "V2Ingest", len(j.outcomes), j.failed
	out["apiActiveProcessingTime"], out["apexProcessingTime"] = out["totalProcessingTime"], 0
	if j.state == jobOpen {
		out["contentUrl"] = j.contentURL()
	}
	if j.failure != "" {
		out["errorMessage"] = j.failure
	}
	return out
}

// contentURL is where the data of an ingest job goes; it begins without a slash (recorded).
func (j *job) contentURL() string {
	return fmt.Sprintf("services/data/%s/jobs/ingest/%s/batches", j.version, j.id)
}

// created is the answer to a creation.
func (j *job) created() map[string]any {
	out := j.info(false)
	out["lineEnding"], out["columnDelimiter"] = j.ending, j.delimiter
	if j.kind == "ingest" {
		out["contentUrl"] = j.contentURL()
	}
	return out
}

func (s *Server) showJob(kind string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.withJob(r, kind, func(j *job) error {
			writeJSON(w, http.StatusOK, j.info(true))
			return nil
		})
	}
}

func (s *Server) listJobs(kind string) handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		if s.opt.BulkOff {
			return bulkOff()
		}
		s.bulk.mu.Lock()
		defer s.bulk.mu.Unlock()
		records := []map[string]any{}
		for _, id := range slices.Sorted(maps.Keys(s.bulk.jobs)) {
			if j := s.bulk.jobs[id]; j.kind == kind {
				s.progress(j)
				records = append(records, j.info(true))
			}
		}
		writeJSON(w, http.StatusOK, map[string]any{"done": true, "records": records, "nextRecordsUrl": nil})
		return nil
	}
}

// moveJob aborts a job or closes an ingest's upload.
func (s *Server) moveJob(kind string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		var in jobRequest
		if err := decode(w, r, &in); err != nil {
			return err
		}
		return s.withJob(r, kind, func(j *job) error {
			switch {
			case in.State == jobAborted && (j.state == jobOpen || j.state == jobUploaded || j.state == jobInProgress):
				j.state = jobAborted
			case in.State == jobUploaded && j.kind == "ingest" && j.state == jobOpen:
				j.state, j.started = jobUploaded, s.now()
				s.ingest(j)
			default:
				return fail(400, "INVALIDJOBSTATE", "Job cannot go from %s to %s", j.state, in.State)
			}
			j.touched = s.now()
			writeJSON(w, http.StatusOK, j.info(false))
			return nil
		})
	}
}

func (s *Server) deleteJob(kind string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return s.withJob(r, kind, func(j *job) error {
			if j.state == jobOpen || j.state == jobInProgress {
				return fail(400, "INVALIDJOBSTATE", "Job cannot be deleted in state %s", j.state)
			}
			delete(s.bulk.jobs, j.id)
			w.WriteHeader(http.StatusNoContent)
			return nil
		})
	}
}
