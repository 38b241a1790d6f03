package hubspottest

import (
	"net/http"
	"slices"
	"strconv"
)

// Owner is a user who may own records. ID is what hubspot_owner_id holds; UserID is another number.
type Owner struct {
	ID        string `json:"id"`
	Email     string `json:"email"`
	FirstName string `json:"firstName"`
	LastName  string `json:"lastName"`
	Type      string `json:"type"`
	UserID    int    `json:"userId,omitempty"`
	Inactive  int    `json:"userIdIncludingInactive"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
	Archived  bool   `json:"archived"`
}

// AddOwner adds an owner and returns its id; an archived one has no userId, as its user is gone.
func (s *Server) AddOwner(given, family, email string, archived bool) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	n, now := len(s.owners), stamp(s.now())
	o := &Owner{ID: strconv.Itoa(41629779 + n*17), Email: email, FirstName: given, LastName: family, Type: "PERSON",
		UserID: 9586504 + n, Inactive: 9586504 + n, CreatedAt: now, UpdatedAt: now, Archived: archived}
	if archived {
		o.UserID = 0
	}
	s.owners = append(s.owners, o)
	return o.ID
}

// listOwners answers the active owners, or the archived ones with archived=true: never both.
func (s *Server) listOwners(w http.ResponseWriter, r *http.Request) error {
	if err := s.need("crm.objects.owners.read"); err != nil {
		return err
	}
	q := r.URL.Query()
	limit, err := whole("limit", q.Get("limit"), 1, 500, 100)
	if err != nil {
		return err
	}
	after, err := whole("after", q.Get("after"), 0, 1<<31-1, 0)
	if err != nil {
		return err
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	var all []*Owner
	for _, o := range s.owners {
		if o.Archived == (q.Get("archived") == "true") && (q.Get("email") == "" || normal(q.Get("email")) == normal(o.Email)) {
			all = append(all, o)
		}
	}
	from := min(after, len(all))
	to := min(from+limit, len(all))
	b := append([]byte(`{"results":`), encode(append([]*Owner{}, all[from:to]...))...)
	if to < len(all) {
		b = appendNext(b, strconv.Itoa(to), "")
	}
	writeBody(w, http.StatusOK, append(b, '}'))
	return nil
}

func (s *Server) getOwner(w http.ResponseWriter, r *http.Request) error {
	if err := s.need("crm.objects.owners.read"); err != nil {
		return err
	}
	q := r.URL.Query()
	s.mu.RLock()
	defer s.mu.RUnlock()
	i := slices.IndexFunc(s.owners, func(o *Owner) bool {
		id := o.ID
		if q.Get("idProperty") == "userId" {
			id = strconv.Itoa(o.Inactive)
		}
		return id == r.PathValue("id") && o.Archived == (q.Get("archived") == "true")
	})
	if i < 0 {
		return missing()
	}
	writeJSON(w, http.StatusOK, s.owners[i])
	return nil
}
