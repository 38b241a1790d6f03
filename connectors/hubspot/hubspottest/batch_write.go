package hubspottest

import (
	"net/http"
	"slices"
	"strings"
)

// batchCreate is all or nothing, unless inputs carry an objectWriteTraceId: then what can be created is, and the
// conflicts come back with their trace (recorded). Results do not come in the order of the inputs (recorded).
func (s *Server) batchCreate(w http.ResponseWriter, r *http.Request) error {
	t, err := s.writable(r)
	if err != nil {
		return err
	}
	in, err := readBatch(w, r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	values, err := s.checkAll(t, in.Inputs, make([]*object, len(in.Inputs)))
	if err != nil {
		return err
	}
	out := &outcome{started: s.now()}
	free, err := s.withoutConflicts(t, in.Inputs, values, out)
	if err != nil {
		return err
	}
	for _, i := range free {
		x := in.Inputs[i]
		o := s.insert(t, values[i], 0, out.started, s.by(r))
		s.linkNew(t, o.id, x.Associations, out.started, s.by(r))
		out.rows = append(out.rows, row{o: o, v: o.cur, sel: t.everything(), x: extra{trace: x.Trace}})
	}
	slices.Reverse(out.rows)
	s.answer(w, t, out, http.StatusCreated)
	return nil
}

// checkAll cleans the properties of every input; one bad property refuses the whole batch (recorded).
func (s *Server) checkAll(t *table, in []input, objects []*object) ([][]field, error) {
	var bad []badProperty
	out := make([][]field, len(in))
	for i, x := range in {
		values, wrong := t.clean(x.Properties, false)
		if len(wrong) == 0 {
			wrong = s.wrongStage(t, objects[i], x.Properties)
		}
		bad = append(bad, wrong...)
		out[i] = values
		if err := s.checkLinks(t, x.Associations); err != nil {
			return nil, err
		}
	}
	if len(bad) > 0 {
		return nil, invalidProperties(bad)
	}
	return out, nil
}

// withoutConflicts returns the indexes of the inputs that can be created. A conflict of an input without a trace id is
// a 409 for the whole batch; the recorded message names no id.
func (s *Server) withoutConflicts(t *table, in []input, values [][]field, out *outcome) ([]int, error) {
	var free []int
	taken := map[field]bool{}
	for i, x := range in {
		id := t.conflict(0, values[i])
		repeated := s.takes(t, values[i], taken)
		switch {
		case id == 0 && !repeated:
			free = append(free, i)
		case x.Trace == "":
			f := s.exists(t, id)
			f.Message, _, _ = strings.Cut(f.Message, ".")
			return nil, f
		default:
			f := s.exists(t, id).with("objectWriteTraceId", x.Trace)
			if id != 0 {
				f.with("existingId", t.objects[id].ID())
			}
			out.errors = append(out.errors, partial{Status: "error", Category: f.Category, Message: f.Message, Context: f.Context})
		}
	}
	return free, nil
}

// takes notes the unique values of an input and reports whether an earlier input of the batch has one of them.
func (s *Server) takes(t *table, values []field, taken map[field]bool) bool {
	repeated := false
	for _, f := range values {
		if _, unique := t.unique[f.slot]; !unique || f.value == "" {
			continue
		}
		f.value = normal(f.value)
		repeated = repeated || taken[f]
		taken[f] = true
	}
	return repeated
}

func (s *Server) batchUpdate(w http.ResponseWriter, r *http.Request) error {
	t, err := s.writable(r)
	if err != nil {
		return err
	}
	in, err := readBatch(w, r)
	if err != nil {
		return err
	}
	if err := unrepeated(in.Inputs); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	objects, lost, err := t.findAll(in.Inputs)
	if err != nil {
		return err
	}
	values, err := s.checkAll(t, in.Inputs, objects)
	if err != nil {
		return err
	}
	for i, o := range objects {
		if o == nil {
			continue
		}
		if id := t.conflict(o.id, values[i]); id != 0 {
			return s.exists(t, id)
		}
	}
	out := &outcome{started: s.now()}
	for i, o := range objects {
		if o == nil {
			continue
		}
		s.change(t, o, values[i], out.started, s.by(r))
		out.rows = append(out.rows, row{o: o, v: o.cur, sel: t.answered(values[i]), x: extra{trace: in.Inputs[i].Trace}})
	}
	out.lost(t, lost)
	s.answer(w, t, out, http.StatusOK)
	return nil
}

// findAll returns the live object of each input, nil for those that are not there, whose ids it also returns.
func (t *table) findAll(in []input) (objects []*object, lost []string, err error) {
	objects = make([]*object, len(in))
	for i, x := range in {
		o, err := t.findBy(x.IDProperty, string(x.ID))
		if err != nil {
			return nil, nil, err
		}
		if o == nil || o.cur.archived != 0 {
			lost = append(lost, string(x.ID))
			continue
		}
		objects[i] = o
	}
	return objects, lost, nil
}

// batchUpsert creates or updates by a unique property; without idProperty the ids must exist.
func (s *Server) batchUpsert(w http.ResponseWriter, r *http.Request) error {
	t, err := s.writable(r)
	if err != nil {
		return err
	}
	in, err := readBatch(w, r)
	if err != nil {
		return err
	}
	if err := unrepeated(in.Inputs); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	objects, _, err := t.findAll(in.Inputs)
	if err != nil {
		return err
	}
	for i, x := range in.Inputs {
		in.Inputs[i].Properties = identified(x, objects[i])
	}
	values, err := s.checkAll(t, in.Inputs, objects)
	if err != nil {
		return err
	}
	out := &outcome{started: s.now()}
	var lost []string
	for i, x := range in.Inputs {
		o := objects[i]
		if o == nil && x.IDProperty == "" {
			lost = append(lost, string(x.ID))
			continue
		}
		created := o == nil
		o, err := s.upsert(t, o, values[i], out.started, s.by(r))
		if err != nil {
			return err
		}
		out.rows = append(out.rows, row{o: o, v: o.cur, sel: t.everything(), x: extra{trace: x.Trace, upsert: true, isNew: created}})
	}
	out.lost(t, lost)
	s.answer(w, t, out, http.StatusOK)
	return nil
}

// identified adds to a new object's properties the value it was looked up by.
func identified(x input, o *object) map[string]text {
	if o != nil || x.IDProperty == "" {
		return x.Properties
	}
	out := map[string]text{x.IDProperty: x.ID}
	for name, value := range x.Properties {
		out[name] = value
	}
	return out
}

func (s *Server) upsert(t *table, o *object, values []field, now int64, by source) (*object, error) {
	self := uint64(0)
	if o != nil {
		self = o.id
	}
	if id := t.conflict(self, values); id != 0 {
		return nil, s.exists(t, id)
	}
	if o == nil {
		return s.insert(t, values, 0, now, by), nil
	}
	s.change(t, o, values, now, by)
	return o, nil
}

// batchArchive answers 204 whatever was there.
func (s *Server) batchArchive(w http.ResponseWriter, r *http.Request) error {
	t, err := s.writable(r)
	if err != nil {
		return err
	}
	in, err := readBatch(w, r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for _, x := range in.Inputs {
		if o := t.find(string(x.ID)); o != nil {
			s.remove(t, o, now, s.by(r))
		}
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
