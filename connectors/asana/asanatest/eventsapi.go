package asanatest

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/fnv"
	"net/http"
	"time"
)

const (
	eventPage = 100
	syncLife  = 24 * time.Hour // at most; "may expire sooner, depending on load"
)

// getEvents answers what happened to a resource since a sync token. Without a token, or with one that is too old, the
// answer is a 412 that carries a good one. Asking again with the same token gives the same events.
func getEvents(c *call) (reply, error) {
	id := c.query.Get("resource")
	if id == "" {
		return reply{}, invalid("resource: Missing input")
	}
	g, ok := parseGID(id)
	if !ok {
		return reply{}, invalid("resource: Not a recognized ID: %s", id)
	}
	if c.st.tasks[g] == nil && c.st.projects[g] == nil {
		return reply{}, unknown("resource", id)
	}
	seq, ok := c.st.log.position(c.query.Get("sync"), g, c.st.stamp())
	if !ok {
		return reply{}, &apiError{status: http.StatusPreconditionFailed, bare: true,
			sync: c.st.log.token(g, c.st.log.next, c.st.stamp()),
			messages: []string{"Sync token invalid or too old. If you are attempting to keep resources in sync, you must fetch " +
				"the full dataset for this query now and use the new sync token for the next sync."}}
	}
	list, next, more := c.st.log.since(seq, g, eventPage, nil)
	data := make([]any, 0, len(list))
	for _, e := range list {
		data = append(data, c.st.showEvent(e))
	}
	return reply{status: http.StatusOK, data: data, extra: map[string]any{
		"sync": c.st.log.token(g, next, c.st.stamp()), "has_more": more}}, nil
}

// token is opaque to the client: a place in the log, when it was given out, and a check that ties it to its resource.
func (l *eventLog) token(resource gid, seq uint64, at stamp) string {
	var raw [20]byte
	binary.BigEndian.PutUint64(raw[0:], seq)
	binary.BigEndian.PutUint64(raw[8:], uint64(at))
	binary.BigEndian.PutUint32(raw[16:], l.sum(raw[:16], resource))
	return hex.EncodeToString(raw[:])
}

func (l *eventLog) sum(raw []byte, resource gid) uint32 {
	h := fnv.New32a()
	h.Write(raw)
	fmt.Fprint(h, resource, l.salt)
	return h.Sum32()
}

// position reads a token; it is no good when it is foreign, too old, or before what is still kept.
func (l *eventLog) position(token string, resource gid, now stamp) (uint64, bool) {
	raw, err := hex.DecodeString(token)
	if err != nil || len(raw) != 20 || binary.BigEndian.Uint32(raw[16:]) != l.sum(raw[:16], resource) {
		return 0, false
	}
	seq, at := binary.BigEndian.Uint64(raw), stamp(binary.BigEndian.Uint64(raw[8:]))
	if seq < l.oldest() || seq > l.next || now.time().Sub(at.time()) >= syncLife {
		return 0, false
	}
	return seq, true
}

// ExpireSyncTokens makes every sync token given out so far too old, as load on the vendor may do at any time.
func (s *Server) ExpireSyncTokens() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.st.log.salt++
}

// showEvent is an event as /events gives it: with names, which webhooks leave out.
func (st *state) showEvent(e *event) map[string]any {
	out := st.compactEvent(e)
	out["type"] = e.kind
	out["resource"] = st.namedEvent(e)
	if e.parent != 0 {
		out["parent"] = st.named(e.parent, e.parentKind)
	}
	if e.user != 0 {
		out["user"] = st.named(e.user, "user")
	}
	return out
}

func (st *state) namedEvent(e *event) map[string]any {
	out := st.named(e.res, e.kind)
	if e.subtype != "" {
		out["resource_subtype"] = e.subtype
	}
	return out
}

// compactEvent is an event as a webhook carries it: only what changed, never how it looks now.
// https://developers.asana.com/docs/webhooks-guide
func (st *state) compactEvent(e *event) map[string]any {
	res := map[string]any{"gid": e.res.String(), "resource_type": e.kind}
	if e.subtype != "" {
		res["resource_subtype"] = e.subtype
	}
	out := map[string]any{"action": e.action, "created_at": e.at.String(), "resource": res, "parent": nil, "user": nil}
	if e.parent != 0 {
		out["parent"] = map[string]any{"gid": e.parent.String(), "resource_type": e.parentKind}
	}
	if e.user != 0 {
		out["user"] = map[string]any{"gid": e.user.String(), "resource_type": "user"}
	}
	if e.field != "" {
		change := map[string]any{"field": e.field, "action": "changed"}
		if e.value != 0 {
			change["new_value"] = map[string]any{"gid": e.value.String(), "resource_type": e.valueKind}
		}
		out["change"] = change
	}
	return out
}
