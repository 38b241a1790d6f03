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
	doing   string // "Creating organization"
	results []result
	looked  int
	done    string // the message at the end
}

// result is what became of one item. What was created tells its id and status alone (recorded).
type result struct {
	Index   *int   `json:"index,omitempty"`
	Action  string `json:"action,omitempty"`
	ID      uint64 `json:"id,omitempty"`
	Status  string `json:"status,omitempty"`
	Success *bool  `json:"success,omitempty"`
	Error   string `json:"error,omitempty"`
	Details string `json:"details,omitempty"`
}

type jobs map[string]*job

// did is the result of an item that was changed or deleted.
func did(action, status string, id uint64) result {
	yes := true
	return result{Action: action, ID: id, Status: status, Success: &yes}
}

// didNot is the result of an item that was refused.
func didNot(action, word, details string, id uint64) result {
	no := false
	return result{Action: action, ID: id, Status: "Failed", Success: &no, Error: word, Details: details}
}

// startJob remembers work that was done; the caller holds mu.
func (s *Server) startJob(doing string, results []result) *job {
	j := &job{id: "V3-" + strings.ReplaceAll(uuid.NewString(), "-", ""), doing: doing, results: results,
		done: "Completed at " + s.opt.Clock.Now().Format("2006-01-02 15:04:05 -0700")}
	s.jobs[j.id] = j
	return j
}

// status is the body of a job: queued, then working, then completed, also when some of its items failed.
func (j *job) status(r *http.Request) map[string]any {
	out := map[string]any{"id": j.id, "url": base(r) + "/api/v2/job_statuses/" + j.id + ".json", "total": len(j.results), "progress": nil,
		"status": "queued", "message": nil, "results": nil}
	switch half := len(j.results) / 2; j.looked {
	case 0:
	case 1:
		out["status"], out["progress"], out["message"] = "working", half, fmt.Sprintf("%s #%d", j.doing, half)
	default:
		out["status"], out["progress"], out["message"], out["results"] = "completed", len(j.results), j.done, j.results
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
		o, err := s.write(t, nil, in, false, s.actor())
		if err != nil {
			one := didNot("create", titleOf(t.singular)+"CreateError", err.Error(), 0)
			one.Index = &i
			results = append(results, one)
			continue
		}
		results = append(results, result{Status: "Created", ID: o.id})
	}
	s.answerJob(w, r, s.startJob("Creating "+t.singular, results))
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
		one := did("update", "Updated", id)
		if o := t.alive(id); o == nil {
			one = didNot("update", "RecordNotFound", "", id)
		} else if _, err := s.write(t, o, in, false, s.actor()); err != nil {
			one = didNot("update", "RecordInvalid", err.Error(), id)
		}
		results = append(results, one)
	}
	s.answerJob(w, r, s.startJob("Updating "+t.singular, results))
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
		one := did("delete", "Deleted", id)
		if o := t.alive(id); o == nil {
			one = didNot("delete", "RecordNotFound", "", id)
		} else {
			s.delete(t, o, s.actor())
		}
		results = append(results, one)
	}
	s.answerJob(w, r, s.startJob("Deleting "+titleOf(t.singular), results))
	return nil
}
