package hubspottest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// spec is how association bodies name a type.
type spec struct {
	Category string `json:"associationCategory"`
	TypeID   int    `json:"associationTypeId"`
}

// made is what the creation of associations answers for each; the ids are numbers in recordings.
type made struct {
	FromType string          `json:"fromObjectTypeId"`
	From     json.RawMessage `json:"fromObjectId"`
	ToType   string          `json:"toObjectTypeId"`
	To       json.RawMessage `json:"toObjectId"`
	Labels   []string        `json:"labels"`
}

// madeDefault is what the creation without types answers for each.
type madeDefault struct {
	From reference `json:"from"`
	To   reference `json:"to"`
	Spec spec      `json:"associationSpec"`
}

// createLinks associates up to 2000 pairs; /associate/default is the same without types.
func (s *Server) createLinks(w http.ResponseWriter, r *http.Request) error {
	from, to, err := s.ends(r, "write")
	if err != nil {
		return err
	}
	var in struct {
		Inputs []struct {
			From  reference `json:"from"`
			To    reference `json:"to"`
			Types []spec    `json:"types"`
		} `json:"inputs"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if len(in.Inputs) > maxLinkCreates {
		return invalid("Batch size of %d exceeds the limit of %d", len(in.Inputs), maxLinkCreates)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []partial
	b, first := s.openBatch(), true
	for _, x := range in.Inputs {
		rows, wrong := s.createLink(r, from, to, string(x.From.ID), string(x.To.ID), x.Types)
		if wrong != nil {
			errs = append(errs, *wrong)
			continue
		}
		for _, m := range rows {
			if !first {
				b = append(b, ',')
			}
			first = false
			b = append(b, m...)
		}
	}
	code := http.StatusOK
	if isV4(r) && len(in.Inputs) > 0 && in.Inputs[0].Types != nil {
		code = http.StatusCreated
	}
	closeBatch(w, b, errs, code)
	return nil
}

// createLink makes one association and returns the entries of the answer, or the error entry.
func (s *Server) createLink(r *http.Request, from, to *table, a, b string, types []spec) ([][]byte, *partial) {
	x, y := from.find(a), to.find(b)
	for _, end := range []struct {
		o  *object
		id string
	}{{x, a}, {y, b}} {
		if end.o == nil {
			return nil, &partial{Status: "error", Category: "VALIDATION_ERROR", SubCategory: "crm.associations.INVALID_IDENTIFIER",
				Message: end.id + " is not a valid ID", Context: map[string][]string{"id": {end.id}}}
		}
	}
	if from == to && x == y {
		return nil, &partial{Status: "error", Category: "VALIDATION_ERROR", Message: fmt.Sprintf("Object %s cannot be associated to itself (%s)", a, b)}
	}
	p := pair{from.id, to.id}
	if types == nil {
		return s.createDefault(r, p, x, y), nil
	}
	labels := []string{}
	for _, t := range types {
		lt := linkTypeOf(p, t.TypeID)
		if lt == nil {
			return nil, &partial{Status: "error", Category: "VALIDATION_ERROR", SubCategory: "crm.associations.INVALID_ASSOCIATION_TYPE",
				Message: fmt.Sprintf("association type %d is not between %s and %s", t.TypeID, from.singular, to.singular)}
		}
		s.connect(lt, x.id, y.id, s.now(), s.by(r))
		if lt.label != "" {
			labels = append(labels, lt.label)
		}
	}
	return [][]byte{encode(made{p.from, s.appendLinkID(nil, x.id), p.to, s.appendLinkID(nil, y.id), labels})}, nil
}

// createDefault makes the unlabelled association; its answer has an entry for each direction.
func (s *Server) createDefault(r *http.Request, p pair, x, y *object) [][]byte {
	lt := defaultLink(p)
	s.connect(lt, x.id, y.id, s.now(), s.by(r))
	a, b := reference{text(x.ID())}, reference{text(y.ID())}
	return [][]byte{encode(madeDefault{a, b, spec{"HUBSPOT_DEFINED", lt.id}}), encode(madeDefault{b, a, spec{"HUBSPOT_DEFINED", lt.inverse}})}
}

func encode(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the package's own types always marshal
	}
	return b
}

// archiveLinks removes all associations between the named pairs. The older family answers 204, the newer 200 with an
// empty result, as their specifications say.
func (s *Server) archiveLinks(w http.ResponseWriter, r *http.Request) error {
	from, to, err := s.ends(r, "write")
	if err != nil {
		return err
	}
	var in struct {
		Inputs []struct {
			From reference   `json:"from"`
			To   []reference `json:"to"`
		} `json:"inputs"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if len(in.Inputs) > maxLinkArchive {
		return invalid("Batch size of %d exceeds the limit of %d", len(in.Inputs), maxLinkArchive)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, x := range in.Inputs {
		for _, y := range x.To {
			if a, b := from.find(string(x.From.ID)), to.find(string(y.ID)); a != nil && b != nil {
				s.disconnect(pair{from.id, to.id}, a.id, b.id, s.now(), s.by(r))
			}
		}
	}
	if isV4(r) {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	closeBatch(w, s.openBatch(), nil, http.StatusOK)
	return nil
}

// putLink makes one association; without a body, or under /default/, the unlabelled one.
func (s *Server) putLink(w http.ResponseWriter, r *http.Request) error {
	from, to, err := s.ends(r, "write")
	if err != nil {
		return err
	}
	var types []spec
	plain := r.ContentLength == 0
	if !plain {
		if err := decode(w, r, &types); err != nil {
			return err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	rows, wrong := s.createLink(r, from, to, r.PathValue("id"), r.PathValue("toID"), types)
	if wrong != nil {
		return &failure{code: 400, Status: "error", Message: wrong.Message, Category: wrong.Category, SubCategory: wrong.SubCategory, Context: wrong.Context}
	}
	if !plain {
		writeBody(w, http.StatusCreated, rows[0])
		return nil
	}
	b := append(s.openBatch(), rows[0]...)
	closeBatch(w, append(append(b, ','), rows[1]...), nil, http.StatusOK)
	return nil
}

// deleteLink removes every association between two objects.
func (s *Server) deleteLink(w http.ResponseWriter, r *http.Request) error {
	from, to, err := s.ends(r, "write")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if a, b := from.find(r.PathValue("id")), to.find(r.PathValue("toID")); a != nil && b != nil {
		s.disconnect(pair{from.id, to.id}, a.id, b.id, s.now(), s.by(r))
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// appendErrors writes the errors of a 207.
func appendErrors(b []byte, errs []partial) []byte {
	b = append(append(b, `,"errors":`...), encode(errs)...)
	return strconv.AppendInt(append(b, `,"numErrors":`...), int64(len(errs)), 10)
}
