package zendesktest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// job is a piece of work that the vendor does after it answered. The simulator does it at once, and lets the first look
// at it see it unfinished.
type job struct {
	id      string
	results []result
	looked  int
}

// result is what became of one item.
type result struct {
	Index   *int   `json:"index,omitempty"`
	ID      uint64 `json:"id,omitempty"`
	Action  string `json:"action,omitempty"`
	Success bool   `json:"success"`
	Status  string `json:"status,omitempty"`
	Error   string `json:"error,omitempty"`
	Details string `json:"details,omitempty"`
}

type jobs map[string]*job

// startJob remembers work that was done; the caller holds mu.
func (s *Server) startJob(results []result) *job {
	j := &job{id: "V3-" + strings.ReplaceAll(uuid.NewString(), "-", ""), results: results}
	s.jobs[j.id] = j
	return j
}

// status is the body of a job: queued, then working, then completed, also when some of its items failed.
func (j *job) status(r *http.Request) map[string]any {
	out := map[string]any{"id": j.id, "url": base(r) + "/api/v2/job_statuses/" + j.id + ".json", "total": len(j.results), "progress": nil,
		"status": "queued", "message": nil, "results": nil}
	switch {
	case j.looked == 0:
	case j.looked == 1:
		out["status"], out["progress"], out["message"] = "working", len(j.results)/2, fmt.Sprintf("Working on #%d", len(j.results)/2)
	default:
		out["status"], out["progress"], out["results"] = "completed", len(j.results), j.results
		out["message"] = "Completed at " + "the vendor's time"
	}
	j.looked++
	return out
}

func (s *Server) answerJob(w http.ResponseWriter, r *http.Request, j *job) {
	writeJSON(w, http.StatusOK, map[string]any{"job_status": j.status(r)})
}

// jobRoutes mounts the jobs and the endpoints that start them.
func (s *Server) jobRoutes(api *http.ServeMux) {
	api.Handle("GET /api/v2/job_statuses/{id}", s.may("read", s.showJob))
	api.Handle("GET /api/v2/job_statuses/show_many", s.may("read", s.showJobs))
	for _, name := range []string{"users", "organizations", "tickets"} {
		t := s.table(name)
		api.Handle("POST /api/v2/"+name+"/create_many", s.may(name+":write", func(w http.ResponseWriter, r *http.Request) error { return s.createMany(w, r, t) }))
		api.Handle("PUT /api/v2/"+name+"/update_many", s.may(name+":write", func(w http.ResponseWriter, r *http.Request) error { return s.updateMany(w, r, t) }))
		api.Handle("DELETE /api/v2/"+name+"/destroy_many", s.may(name+":write", func(w http.ResponseWriter, r *http.Request) error { return s.destroyMany(w, r, t) }))
	}
}

func (s *Server) showJob(w http.ResponseWriter, r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	j := s.jobs[r.PathValue("id")]
	if j == nil {
		return missing()
	}
	s.answerJob(w, r, j)
	return nil
}

func (s *Server) showJobs(w http.ResponseWriter, r *http.Request) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []any{}
	for id := range strings.SplitSeq(r.URL.Query().Get("ids"), ",") {
		if j := s.jobs[id]; j != nil {
			list = append(list, j.status(r))
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"job_statuses": list})
	return nil
}

// manyObjects reads {"users": [{…}, …]}.
func manyObjects(w http.ResponseWriter, r *http.Request, name string) ([]object, error) {
	var outer map[string]json.RawMessage
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&outer); err != nil {
		return nil, fail(http.StatusUnprocessableEntity, "Unprocessable Entity", "Server could not parse JSON")
	}
	var list []object
	if err := json.Unmarshal(outer[name], &list); err != nil {
		return nil, fail(http.StatusBadRequest, "ParameterMissing", "Parameter %s is required", name)
	}
	if len(list) > many {
		return nil, tooMany()
	}
	return list, nil
}

func (s *Server) createMany(w http.ResponseWriter, r *http.Request, t *table) error {
	list, err := manyObjects(w, r, t.plural)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var results []result
	for i, in := range list {
		one := result{Index: &i, Action: "create", Status: "Created", Success: true}
		o, err := s.write(t, nil, in, false, s.actor())
		if err != nil {
			one = result{Index: &i, Action: "create", Status: "Failed", Error: t.singular + "CreateError", Details: err.Error()}
		} else {
			one.ID = o.id
		}
		results = append(results, one)
	}
	s.answerJob(w, r, s.startJob(results))
	return nil
}

func (s *Server) updateMany(w http.ResponseWriter, r *http.Request, t *table) error {
	ids := r.URL.Query().Get("ids")
	var list []object
	var err error
	if ids == "" {
		list, err = manyObjects(w, r, t.plural)
	} else {
		var in object
		in, err = wrapped(w, r, t.singular)
		for id := range strings.SplitSeq(ids, ",") {
			one := object{"id": json.RawMessage(id)}
			for k, v := range in {
				one[k] = v
			}
			list = append(list, one)
		}
	}
	if err != nil {
		return err
	}
	if len(list) > many {
		return tooMany()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var results []result
	for _, in := range list {
		id := parseID(plain(string(in["id"])))
		one := result{ID: id, Action: "update", Status: "Updated", Success: true}
		if o := t.alive(id); o == nil {
			one = result{ID: id, Action: "update", Status: "Failed", Error: "RecordNotFound"}
		} else if _, err := s.write(t, o, in, false, s.actor()); err != nil {
			one = result{ID: id, Action: "update", Status: "Failed", Error: "RecordInvalid", Details: err.Error()}
		}
		results = append(results, one)
	}
	s.answerJob(w, r, s.startJob(results))
	return nil
}

func (s *Server) destroyMany(w http.ResponseWriter, r *http.Request, t *table) error {
	ids := slices.Collect(strings.SplitSeq(r.URL.Query().Get("ids"), ","))
	if len(ids) > many {
		return tooMany()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var results []result
	for _, text := range ids {
		id := parseID(text)
		one := result{ID: id, Action: "delete", Status: "Deleted", Success: true}
		if o := t.alive(id); o == nil {
			one = result{ID: id, Action: "delete", Status: "Failed", Error: "RecordNotFound"}
		} else {
			s.delete(t, o, s.actor())
		}
		results = append(results, one)
	}
	s.answerJob(w, r, s.startJob(results))
	return nil
}
