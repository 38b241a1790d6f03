package hubspottest

import (
	"net/http"
	"strconv"
	"strings"
)

// Bounds of the association batches, per HubSpot's guide.
const (
	maxLinkReads   = 1000
	maxLinkCreates = 2000
	maxLinkArchive = 100
)

func (s *Server) associationRoutes(api *http.ServeMux, batches, singles string) {
	api.Handle("POST "+batches+"/batch/read", handler(s.readLinks))
	api.Handle("POST "+batches+"/batch/create", handler(s.createLinks))
	api.Handle("POST "+batches+"/batch/associate/default", handler(s.createLinks))
	api.Handle("POST "+batches+"/batch/archive", handler(s.archiveLinks))
	api.Handle("GET "+batches+"/labels", handler(s.listLabels))
	api.Handle("GET "+singles+"/{to}", handler(s.listLinks))
	api.Handle("PUT "+singles+"/{to}/{toID}", handler(s.putLink))
	api.Handle("PUT "+singles+"/default/{to}/{toID}", handler(s.putLink))
	api.Handle("DELETE "+singles+"/{to}/{toID}", handler(s.deleteLink))
}

// ends returns the two tables of an association request.
func (s *Server) ends(r *http.Request, access string) (from, to *table, err error) {
	if from, err = s.permitted(r, access); err != nil {
		return nil, nil, err
	}
	if to, err = s.table(r.PathValue("to")); err != nil {
		return nil, nil, err
	}
	if defaultLink(pair{from.id, to.id}) == nil {
		return nil, nil, invalid("%s and %s cannot be associated", from.singular, to.singular)
	}
	return from, to, nil
}

// reference is how association bodies name an object.
type reference struct {
	ID text `json:"id"`
}

// readLinks answers the associations of up to 1000 objects, a page of each; objects without any are errors of a 207
// (recorded).
func (s *Server) readLinks(w http.ResponseWriter, r *http.Request) error {
	from, to, err := s.ends(r, "read")
	if err != nil {
		return err
	}
	var in struct {
		Inputs []struct {
			ID    text `json:"id"`
			After text `json:"after"`
		} `json:"inputs"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if len(in.Inputs) > maxLinkReads {
		return invalid("Batch size of %d exceeds the limit of %d", len(in.Inputs), maxLinkReads)
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	p := pair{from.id, to.id}
	var errs []partial
	b := s.openBatch()
	first := true
	for _, x := range in.Inputs {
		ends, next := s.linkPage(p, from.find(string(x.ID)), string(x.After), s.opt.AssociationPage)
		if len(ends) == 0 {
			errs = append(errs, noLinks(from, to, string(x.ID)))
			continue
		}
		if !first {
			b = append(b, ',')
		}
		first = false
		b = appendString(append(b, `{"from":{"id":`...), string(x.ID))
		b = s.appendLinks(append(b, `},"to":[`...), p, ends)
		b = append(b, ']')
		if next != "" {
			b = appendNext(b, next, "")
		}
		b = append(b, '}')
	}
	closeBatch(w, b, errs, http.StatusOK)
	return nil
}

func noLinks(from, to *table, id string) partial {
	return partial{
		Status: "error", Category: "OBJECT_NOT_FOUND", SubCategory: "crm.associations.NO_ASSOCIATIONS_FOUND",
		Message: "No " + to.singular + " is associated with " + from.singular + " " + id + ".",
		Context: map[string][]string{"fromObjectId": {id}, "fromObjectType": {from.singular}, "toObjectType": {to.singular}},
	}
}

// linkPage returns a page of an object's associations after an id, and the cursor of the next page or "".
func (s *Server) linkPage(p pair, o *object, after string, size int) ([]link, string) {
	if o == nil {
		return nil, ""
	}
	ends := s.links[p][o.id]
	if n, err := strconv.ParseUint(after, 10, 64); err == nil {
		i, _ := findLink(ends, n+1)
		ends = ends[i:]
	}
	if len(ends) <= size {
		return ends, ""
	}
	return ends[:size], strconv.FormatUint(ends[size-1].to, 10)
}

// appendLinks writes the v4 form. The specification calls toObjectId a string, every recording has a number.
func (s *Server) appendLinks(b []byte, p pair, ends []link) []byte {
	for i, l := range ends {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `{"toObjectId":`...)
		b = s.appendLinkID(b, l.to)
		b = append(b, `,"associationTypes":[`...)
		for j, id := range l.types {
			if j > 0 {
				b = append(b, ',')
			}
			b = strconv.AppendInt(append(b, `{"category":"HUBSPOT_DEFINED","typeId":`...), int64(id), 10)
			b = append(b, `,"label":`...)
			if label := linkTypeOf(p, id).label; label != "" {
				b = append(appendString(b, label), '}')
			} else {
				b = append(b, "null}"...)
			}
		}
		b = append(b, "]}"...)
	}
	return b
}

func (s *Server) appendLinkID(b []byte, id uint64) []byte {
	if s.opt.StringIDs {
		return append(strconv.AppendUint(append(b, '"'), id, 10), '"')
	}
	return strconv.AppendUint(b, id, 10)
}

// listLinks answers the associations of one object, at most 500 a page.
func (s *Server) listLinks(w http.ResponseWriter, r *http.Request) error {
	from, to, err := s.ends(r, "read")
	if err != nil {
		return err
	}
	limit, err := whole("limit", r.URL.Query().Get("limit"), 1, s.opt.AssociationPage, s.opt.AssociationPage)
	if err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	o := from.find(r.PathValue("id"))
	if o == nil {
		return missing()
	}
	p := pair{from.id, to.id}
	ends, next := s.linkPage(p, o, r.URL.Query().Get("after"), limit)
	b := append(s.appendLinks([]byte(`{"results":[`), p, ends), ']')
	if next != "" {
		b = appendNext(b, next, "https://api.hubapi.com"+r.URL.Path+"?after="+next)
	}
	writeBody(w, http.StatusOK, append(b, '}'))
	return nil
}

// openBatch begins the answer to a batch, up to its results.
func (s *Server) openBatch() []byte {
	now := s.now()
	b := append([]byte(nil), `{"completedAt":"`...)
	b = append(appendStamp(b, now), `","status":"COMPLETE","startedAt":"`...)
	return append(appendStamp(b, now), `","results":[`...)
}

// closeBatch ends and writes it; errors make it a 207.
func closeBatch(w http.ResponseWriter, b []byte, errs []partial, code int) {
	b = append(b, ']')
	if len(errs) > 0 {
		code = http.StatusMultiStatus
		b = appendErrors(b, errs)
	}
	writeBody(w, code, append(b, '}'))
}

// listLabels answers the kinds of association between two types.
func (s *Server) listLabels(w http.ResponseWriter, r *http.Request) error {
	from, to, err := s.ends(r, "read")
	if err != nil {
		return err
	}
	type label struct {
		Category string  `json:"category"`
		TypeID   int     `json:"typeId"`
		Label    *string `json:"label"`
	}
	out := []label{}
	for _, l := range linkTypes {
		if l.pair != (pair{from.id, to.id}) {
			continue
		}
		x := label{Category: "HUBSPOT_DEFINED", TypeID: l.id}
		if l.label != "" {
			x.Label = &l.label
		}
		out = append(out, x)
	}
	writeJSON(w, http.StatusOK, map[string]any{"results": out})
	return nil
}

// isV4 tells the older family, whose status codes differ.
func isV4(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/crm/v4/") }
