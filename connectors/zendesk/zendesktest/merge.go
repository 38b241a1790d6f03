package zendesktest

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/google/uuid"
)

// mergeUser joins the user of the path into the one of the body. Only end users can be merged away.
func (s *Server) mergeUser(w http.ResponseWriter, r *http.Request) error {
	in, err := wrapped(w, r, "user")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table("users")
	loser, winner := t.alive(pathID(r)), t.alive(parseID(plain(string(in["id"]))))
	if loser == nil || winner == nil || loser == winner {
		return missing()
	}
	if t.text(loser.cur, "role") != "end-user" {
		return forbidden()
	}
	s.joinUsers(winner, loser, s.actor())
	s.answerOne(w, r, http.StatusOK, t, winner)
	return nil
}

// joinUsers makes the loser inactive and gives what it had to the winner. Nothing in the loser says where it went.
func (s *Server) joinUsers(winner, loser *row, by actor) {
	t := s.table("users")
	var addresses []string
	identities := s.table("identities")
	for _, o := range s.children(identities, "user_id", loser.id) {
		addresses = append(addresses, identities.text(o.cur, "value"))
	}
	members := s.table("organization_memberships")
	var orgs []uint64
	for _, m := range s.children(members, "user_id", loser.id) {
		orgs = append(orgs, members.number(m.cur, "organization_id"))
	}
	set := map[string]string{}
	for _, name := range []string{"phone", "external_id", "organization_id", "details", "notes", "alias"} {
		if winner.cur.get(t.slot(name)) == "" {
			set[name] = loser.cur.get(t.slot(name))
		}
	}
	if tags := append(t.list(winner.cur, "tags"), t.list(loser.cur, "tags")...); len(tags) > 0 {
		set["tags"] = marshal(unique(tags))
	}
	s.deleteUser(loser, by)
	for i, address := range addresses {
		primary := i == 0 && t.text(winner.cur, "email") == ""
		if primary {
			set["email"] = quote(address)
		}
		s.addIdentity(winner, address, primary, by)
	}
	s.alter(t, winner, by, live, set)
	for _, org := range orgs {
		s.addMember(winner.id, org, by)
	}
	s.moveTickets(winner, loser, by)
	s.tellMerge("user", loser, winner, by)
}

func unique(list []string) []string {
	seen := map[string]bool{}
	var out []string
	for _, x := range list {
		if !seen[x] {
			seen[x] = true
			out = append(out, x)
		}
	}
	return out
}

// addMember makes a user a member of one more organization.
func (s *Server) addMember(user, org uint64, by actor) {
	t, users := s.table("organization_memberships"), s.table("users")
	first := true
	for _, m := range s.children(t, "user_id", user) {
		first = false
		if t.number(m.cur, "organization_id") == org {
			return
		}
	}
	if s.table("organizations").alive(org) == nil {
		return
	}
	if first || users.number(users.rows[user].cur, "organization_id") == org {
		s.join(user, org, by)
		return
	}
	c := change{}
	c.set(t, "user_id", idJSON(user))
	c.set(t, "organization_id", idJSON(org))
	s.store(t, &row{id: s.nextID()}, s.next(nil, c), by)
}

// moveTickets gives what the loser asked for to the winner; closed tickets stay as they are.
func (s *Server) moveTickets(winner, loser *row, by actor) {
	t := s.table("tickets")
	for _, o := range s.children(t, "requester_id", loser.id) {
		if t.text(o.cur, "status") != "closed" {
			s.alter(t, o, by, live, map[string]string{"requester_id": idJSON(winner.id)})
		}
	}
}

// organizationMerge is the record of a merge.
type organizationMerge struct {
	ID     string `json:"id"`
	URL    string `json:"url"`
	Loser  uint64 `json:"loser_id"`
	Winner uint64 `json:"winner_id"`
	Status string `json:"status"`
}

// mergeOrganization joins the organization of the path into the winner of the body; the vendor does it in the background.
func (s *Server) mergeOrganization(w http.ResponseWriter, r *http.Request) error {
	in, err := wrapped(w, r, "organization_merge")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.table("organizations")
	loser, winner := t.alive(pathID(r)), t.alive(parseID(plain(string(in["winner_id"]))))
	if loser == nil || winner == nil || loser == winner {
		return missing()
	}
	m := s.joinOrganizations(winner, loser, s.actor())
	writeMerge(w, r, m, "new")
	return nil
}

// joinOrganizations gives the people and tickets of the loser to the winner and deletes the loser.
func (s *Server) joinOrganizations(winner, loser *row, by actor) organizationMerge {
	members, users, tickets := s.table("organization_memberships"), s.table("users"), s.table("tickets")
	for _, m := range s.children(members, "organization_id", loser.id) {
		user := users.rows[members.number(m.cur, "user_id")]
		own := users.number(user.cur, "organization_id") == loser.id
		members.drop(m)
		if own {
			s.alter(users, user, by, live, map[string]string{"organization_id": idJSON(winner.id)})
		}
		s.addMember(user.id, winner.id, by)
	}
	for _, o := range s.children(tickets, "organization_id", loser.id) {
		s.alter(tickets, o, by, live, map[string]string{"organization_id": idJSON(winner.id)})
	}
	s.deleteOrganization(loser, by)
	s.tellMerge("organization", loser, winner, by)
	m := organizationMerge{ID: uuid.NewString(), Loser: loser.id, Winner: winner.id, Status: "complete"}
	s.merges = append(s.merges, m)
	return m
}

func writeMerge(w http.ResponseWriter, r *http.Request, m organizationMerge, status string) {
	m.URL = fmt.Sprintf("%s/api/v2/organization_merges/%s.json", base(r), m.ID)
	m.Status = status
	writeJSON(w, http.StatusOK, map[string]any{"organization_merge": m})
}

func (s *Server) showMerge(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, m := range s.merges {
		if m.ID == r.PathValue("id") {
			writeMerge(w, r, m, m.Status)
			return nil
		}
	}
	return missing()
}

func (s *Server) listMerges(w http.ResponseWriter, r *http.Request) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := []json.RawMessage{}
	for _, m := range s.merges {
		if m.Loser == pathID(r) || m.Winner == pathID(r) {
			m.URL = fmt.Sprintf("%s/api/v2/organization_merges/%s.json", base(r), m.ID)
			list = append(list, json.RawMessage(marshal(m)))
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"organization_merges": list, "next_page": nil, "previous_page": nil, "count": len(list)})
	return nil
}
