package hubspottest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// pipeline and stage are what the pipelines API shows.
type pipeline struct {
	Label    string   `json:"label"`
	Order    int      `json:"displayOrder"`
	ID       string   `json:"id"`
	Stages   []*stage `json:"stages"`
	Created  string   `json:"createdAt"`
	Updated  string   `json:"updatedAt"`
	Archived bool     `json:"archived"`
}

type stage struct {
	Label            string            `json:"label"`
	Order            int               `json:"displayOrder"`
	Metadata         map[string]string `json:"metadata"`
	ID               string            `json:"id"`
	Created          string            `json:"createdAt"`
	Updated          string            `json:"updatedAt"`
	WritePermissions string            `json:"writePermissions"`
	Archived         bool              `json:"archived"`
}

// unixEpoch is when HubSpot says its own pipelines were made (recorded).
const unixEpoch = "1970-01-01T00:00:00Z"

// Pipeline is a further pipeline for an account. Stages run in order; a stage's Probability ("1.0" won, "0.0" lost) is
// for deals, Closed for both.
type Pipeline struct {
	ID, Label string
	Stages    []Stage
}

// Stage is one step of a Pipeline.
type Stage struct {
	ID, Label, Probability string
	Closed                 bool
}

// AddPipeline gives deals or tickets another pipeline.
func (s *Server) AddPipeline(objectType string, p Pipeline) {
	t := s.mustTable(objectType)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pipelines[t.id] = append(s.pipelines[t.id], p.build(t.plural, len(s.pipelines[t.id])))
}

func (p Pipeline) build(plural string, order int) *pipeline {
	out := &pipeline{Label: p.Label, Order: order, ID: p.ID, Created: unixEpoch, Updated: unixEpoch}
	for i, x := range p.Stages {
		meta := map[string]string{"isClosed": strconv.FormatBool(x.Closed)}
		switch {
		case plural == "deals":
			meta["probability"] = x.Probability
		case x.Closed:
			meta["ticketState"] = "CLOSED"
		default:
			meta["ticketState"] = "OPEN"
		}
		out.Stages = append(out.Stages, &stage{Label: x.Label, Order: i, Metadata: meta, ID: x.ID, Created: unixEpoch, Updated: unixEpoch,
			WritePermissions: "CRM_PERMISSIONS_ENFORCEMENT"})
	}
	return out
}

// standardPipelines are the two every account begins with.
func standardPipelines() map[string][]*pipeline {
	deals := Pipeline{"default", "Sales Pipeline", []Stage{
		{"appointmentscheduled", "Appointment Scheduled", "0.2", false}, {"qualifiedtobuy", "Qualified To Buy", "0.4", false},
		{"presentationscheduled", "Presentation Scheduled", "0.6", false}, {"decisionmakerboughtin", "Decision Maker Bought-In", "0.8", false},
		{"contractsent", "Contract Sent", "0.9", false}, {"closedwon", "Closed Won", "1.0", true}, {"closedlost", "Closed Lost", "0.0", true}}}
	tickets := Pipeline{"0", "Support Pipeline", []Stage{
		{ID: "1", Label: "New"}, {ID: "2", Label: "Waiting on contact"}, {ID: "3", Label: "Waiting on us"}, {ID: "4", Label: "Closed", Closed: true}}}
	return map[string][]*pipeline{"0-3": {deals.build("deals", 0)}, "0-5": {tickets.build("tickets", 0)}}
}

func (s *Server) pipeline(typeID, id string) *pipeline {
	i := slices.IndexFunc(s.pipelines[typeID], func(p *pipeline) bool { return p.ID == id })
	if i < 0 {
		return nil
	}
	return s.pipelines[typeID][i]
}

// stage returns a stage, nil when pipeline or stage do not exist.
func (s *Server) stage(typeID, pipelineID, id string) *stage {
	p := s.pipeline(typeID, pipelineID)
	if p == nil {
		return nil
	}
	i := slices.IndexFunc(p.Stages, func(x *stage) bool { return x.ID == id })
	if i < 0 {
		return nil
	}
	return p.Stages[i]
}

// stageProperties are the names of a type's pipeline and stage.
var stageProperties = map[string][2]string{"deals": {"pipeline", "dealstage"}, "tickets": {"hs_pipeline", "hs_pipeline_stage"}}

// wrongStage returns what is wrong with a written pipeline or stage; the caller holds mu.
func (s *Server) wrongStage(t *table, o *object, in map[string]text) []badProperty {
	names, ok := stageProperties[t.plural]
	if !ok {
		return nil
	}
	line, step := string(in[names[0]]), string(in[names[1]])
	if line == "" && step == "" {
		return nil
	}
	if line == "" && o != nil {
		line = o.cur.get(t.byName[names[0]].slot)
	}
	if line == "" {
		line = s.pipelines[t.id][0].ID
	}
	if s.pipeline(t.id, line) == nil {
		return []badProperty{{Message: line + " was not one of the allowed options", Error: "INVALID_OPTION", Name: names[0]}}
	}
	if step != "" && s.stage(t.id, line, step) == nil {
		return []badProperty{{Message: step + " was not one of the allowed options", Error: "INVALID_OPTION", Name: names[1]}}
	}
	return nil
}

// piped returns the table of a pipelines request; types without pipelines answer an empty list.
func (s *Server) piped(r *http.Request) (*table, error) {
	t, err := s.table(r.PathValue("type"))
	if err != nil {
		return nil, err
	}
	return t, s.need("crm.objects." + t.scope + ".read")
}

func (s *Server) listPipelines(w http.ResponseWriter, r *http.Request) error {
	t, err := s.piped(r)
	if err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	writeJSON(w, http.StatusOK, map[string]any{"results": append([]*pipeline{}, s.pipelines[t.id]...)})
	return nil
}

// named returns the pipeline of a request; the caller holds mu.
func (s *Server) named(t *table, r *http.Request) (*pipeline, error) {
	p := s.pipeline(t.id, r.PathValue("pipeline"))
	if p == nil {
		return nil, fail(http.StatusNotFound, "OBJECT_NOT_FOUND", "Unable to find pipeline %s of %s", r.PathValue("pipeline"), strings.ToUpper(t.singular))
	}
	return p, nil
}

func (s *Server) getPipeline(w http.ResponseWriter, r *http.Request) error {
	t, err := s.piped(r)
	if err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.named(t, r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, p)
	return nil
}

func (s *Server) listStages(w http.ResponseWriter, r *http.Request) error {
	t, err := s.piped(r)
	if err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p, err := s.named(t, r)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"results": p.Stages})
	return nil
}

func (s *Server) getStage(w http.ResponseWriter, r *http.Request) error {
	t, err := s.piped(r)
	if err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	x := s.stage(t.id, r.PathValue("pipeline"), r.PathValue("stage"))
	if x == nil {
		return fail(http.StatusNotFound, "OBJECT_NOT_FOUND", "Unable to find stage %s", r.PathValue("stage"))
	}
	writeJSON(w, http.StatusOK, x)
	return nil
}
