package hubspottest

import (
	"net/http"
	"strings"
)

// maxBatch is how many inputs a batch of objects may have.
const maxBatch = 100

// input is one entry of any batch.
type input struct {
	ID           text            `json:"id"`
	IDProperty   string          `json:"idProperty"`
	Trace        string          `json:"objectWriteTraceId"`
	Properties   map[string]text `json:"properties"`
	Associations []newLink       `json:"associations"`
}

type batch struct {
	Inputs     []input  `json:"inputs"`
	IDProperty string   `json:"idProperty"`
	Properties []string `json:"properties"`
}

// readBatch decodes and bounds a batch.
func readBatch(w http.ResponseWriter, r *http.Request) (batch, error) {
	var in batch
	if err := decode(w, r, &in); err != nil {
		return in, err
	}
	if len(in.Inputs) > maxBatch {
		return in, invalid("Batch size of %d exceeds the limit of %d", len(in.Inputs), maxBatch)
	}
	return in, nil
}

// unrepeated refuses a batch that names an object twice, with the recorded text.
func unrepeated(in []input) error {
	seen := map[string]bool{}
	for _, x := range in {
		name := x.IDProperty + "\x00" + normal(string(x.ID))
		if seen[name] {
			return invalid("Duplicate IDs found in batch input: [%s]. IDs must be unique", x.ID).with("ids", string(x.ID))
		}
		seen[name] = true
	}
	return nil
}

// outcome collects what a batch did.
type outcome struct {
	started int64
	rows    []row
	errors  []partial
}

type row struct {
	o   *object
	v   *version
	sel selection
	x   extra
}

// lost reports ids that are not there, with the recorded text.
func (b *outcome) lost(t *table, ids []string) {
	if len(ids) == 0 {
		return
	}
	b.errors = append(b.errors, partial{
		Status: "error", Category: "OBJECT_NOT_FOUND", Context: map[string][]string{"ids": ids},
		Message: "Could not get some " + strings.ToUpper(t.singular) + " objects, they may be deleted or not exist. Check that ids are valid.",
	})
}

// answer writes the outcome: code, or 207 when there are errors. Recorded under v3; the 2026-09 specification does not
// list 207, and its schema has the errors all the same.
func (s *Server) answer(w http.ResponseWriter, t *table, b *outcome, code int) {
	body := append([]byte(nil), `{"completedAt":"`...)
	body = append(appendStamp(body, s.now()), `","status":"COMPLETE","startedAt":"`...)
	body = append(appendStamp(body, b.started), `","results":[`...)
	for i, r := range b.rows {
		if i > 0 {
			body = append(body, ',')
		}
		body = s.appendObject(body, t, r.o, r.v, r.sel, r.x)
	}
	body = append(body, ']')
	if len(b.errors) > 0 {
		code = http.StatusMultiStatus
		body = appendErrors(body, b.errors)
	}
	writeBody(w, code, append(body, '}'))
}

func (s *Server) batchRead(w http.ResponseWriter, r *http.Request) error {
	t, err := s.readable(r)
	if err != nil {
		return err
	}
	in, err := readBatch(w, r)
	if err != nil {
		return err
	}
	archived := r.URL.Query().Get("archived") == "true"
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &outcome{started: s.now()}
	sel := t.selected(in.Properties)
	var lost []string
	seen := map[uint64]bool{}
	for _, x := range in.Inputs {
		o, err := t.findBy(in.IDProperty, string(x.ID))
		if err != nil {
			return err
		}
		if o == nil || (o.cur.archived != 0) != archived {
			lost = append(lost, string(x.ID))
			continue
		}
		if !seen[o.id] { // two ids that were merged, or one asked for twice, are one answer
			out.rows = append(out.rows, row{o: o, v: o.cur, sel: sel})
		}
		seen[o.id] = true
	}
	out.lost(t, lost)
	s.answer(w, t, out, http.StatusOK)
	return nil
}
