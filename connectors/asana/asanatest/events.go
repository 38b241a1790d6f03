package asanatest

import "slices"

// event is one change somebody made. Its scopes are the resources whose subscribers see it: changes bubble up from a
// subtask to its parents and to their projects.
type event struct {
	seq          uint64
	at           stamp
	user         gid
	action, kind string
	subtype      string
	res          gid
	parentKind   string
	parent       gid
	field        string // of a "changed" event
	value        gid    // the new value when it is a resource
	valueKind    string
	scopes       []gid
}

// eventLog keeps the newest events. Asana promises 24 hours or less, and delivery at most once.
// https://developers.asana.com/docs/events
type eventLog struct {
	ring []event
	next uint64 // sequence number of the coming event; the first is 1
	salt int    // changed to make all tokens invalid
	wake chan struct{}
}

func newEventLog(size int) eventLog {
	return eventLog{ring: make([]event, 0, min(size, 1<<20)), next: 1}
}

// add stamps an event and stores it; the caller holds the state's lock.
func (l *eventLog) add(st *state, e event) {
	e.seq, e.at = l.next, st.stamp()
	l.next++
	if len(l.ring) < cap(l.ring) {
		l.ring = append(l.ring, e)
	} else {
		l.ring[(e.seq-1)%uint64(cap(l.ring))] = e
	}
	select {
	case l.wake <- struct{}{}:
	default: // somebody is being woken already
	}
}

// oldest is the first sequence number still kept.
func (l *eventLog) oldest() uint64 { return l.next - uint64(len(l.ring)) }

func (l *eventLog) at(seq uint64) *event { return &l.ring[(seq-1)%uint64(cap(l.ring))] }

// since returns up to limit events of a resource from seq on that pass the filter, the sequence number to go on from,
// and whether more may follow.
func (l *eventLog) since(seq uint64, resource gid, limit int, pass func(*event) bool) (list []*event, next uint64, more bool) {
	for seq = max(seq, l.oldest()); seq < l.next; seq++ {
		e := l.at(seq)
		if !slices.Contains(e.scopes, resource) || pass != nil && !pass(e) {
			continue
		}
		if len(list) == limit {
			return list, seq, true
		}
		list = append(list, e)
	}
	return list, seq, false
}

// scopes of a task: itself, its ancestors, and the projects of all of them.
func (t *task) scopes() []gid {
	out := make([]gid, 0, 4)
	for x := t; x != nil; x = x.parent {
		out = append(out, x.id)
		for _, m := range x.places {
			out = append(out, m.section.project.id)
		}
	}
	return out
}

// wide is the scope of a project's own events, which reach its team and its workspace.
func (st *state) wide(p *project) []gid { return []gid{p.id, p.team, st.workspace.id} }

// happened logs what was done to a task.
func (st *state) happened(t *task, by gid, action, field string) {
	st.log.add(st, event{user: by, action: action, kind: "task", subtype: t.subtype, res: t.id, field: field, scopes: t.scopes()})
}

// related logs that a task came into, or left, something.
func (st *state) related(t *task, by gid, action, parentKind string, parent gid, scopes []gid) {
	st.log.add(st, event{user: by, action: action, kind: "task", subtype: t.subtype, res: t.id,
		parentKind: parentKind, parent: parent, scopes: scopes})
}

// named shows a resource by its gid and kind, with its name when it still has one.
func (st *state) named(id gid, kind string) map[string]any {
	out := map[string]any{"gid": id.String(), "resource_type": kind}
	switch kind {
	case "task":
		if t := st.tasks[id]; t != nil {
			out["name"], out["resource_subtype"] = t.name, t.subtype
		}
	case "project":
		if p := st.projects[id]; p != nil {
			out["name"] = p.name
		}
	case "section":
		if s := st.sections[id]; s != nil {
			out["name"] = s.name
		}
	case "user":
		if u := st.users[id]; u != nil {
			out["name"] = u.name
		}
	case "workspace":
		out["name"] = st.workspace.name
	case "team":
		if t := st.teams[id]; t != nil {
			out["name"] = t.name
		}
	}
	return out
}
