package zendesktest

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// ratings selects satisfaction ratings. The documents do not say which time start_time and end_time are compared with;
// here it is that at which the rating was offered, so that an answer given days later is missed by whoever looks only at
// the last hour.
func (t *table) ratings(q url.Values) selection {
	sel := t.in(&t.live)
	word, with, commented := strings.Cut(q.Get("score"), "_with")
	first, last := int64(0), int64(1)<<62
	if n, err := strconv.ParseInt(q.Get("start_time"), 10, 64); err == nil {
		first = n
	}
	if n, err := strconv.ParseInt(q.Get("end_time"), 10, 64); err == nil {
		last = n
	}
	sel.keep = func(o *row) bool {
		score := t.text(o.cur, "score")
		given := score == "good" || score == "bad"
		switch {
		case o.cur.created < first, o.cur.created > last:
			return false
		case commented && (with == "_comment") != (t.text(o.cur, "comment") != ""):
			return false
		}
		return word == "" || word == score || (word == "received" && given)
	}
	return sel
}

// rate stores what the requester thinks of a ticket.
func (s *Server) rate(w http.ResponseWriter, r *http.Request) error {
	in, err := wrapped(w, r, "satisfaction_rating")
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ticket := s.table("tickets").alive(pathID(r))
	if ticket == nil {
		return missing()
	}
	o, err := s.write(s.table("satisfaction_ratings"), nil, in, false, s.actor())
	if err != nil {
		return err
	}
	s.attachRating(ticket, o)
	s.answerOne(w, r, http.StatusOK, s.table("satisfaction_ratings"), o)
	return nil
}

// attachRating ties a rating to its ticket, in both directions.
func (s *Server) attachRating(ticket, rating *row) {
	t, ratings := s.table("tickets"), s.table("satisfaction_ratings")
	set := map[string]string{"ticket_id": idJSON(ticket.id)}
	for _, name := range []string{"assignee_id", "group_id", "requester_id"} {
		set[name] = ticket.cur.get(t.slot(name))
	}
	s.alter(ratings, rating, s.actor(), live, set)
	s.alter(t, ticket, s.actor(), live, map[string]string{"satisfaction_rating": fmt.Sprintf(`{"id":%d,"score":%s,"comment":%s}`,
		rating.id, rating.cur.get(ratings.slot("score")), orNull(rating.cur.get(ratings.slot("comment"))))})
}
