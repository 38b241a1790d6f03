package asanatest

import (
	"slices"
	"time"
)

// state is everything the vendor stores. It has no lock of its own: the Server's routes hold theirs around each use.
type state struct {
	now       func() time.Time
	last      gid
	workspace *workspace

	users    map[gid]*user
	userList []*user
	teams    map[gid]*team
	teamList []*team

	projects    map[gid]*project
	projectList []*project
	sections    map[gid]*section
	tasks       map[gid]*task
	created     []*task // by ascending gid, deleted ones until the next sweep
	dead        int     // deleted ones in created
	stories     map[gid]*story
	tags        map[gid]*tag
	tagList     []*tag
	fields      map[gid]*field
	fieldList   []*field
	options     map[gid]*option
	externals   map[externalKey]*task
	hooks       []*webhook

	log     eventLog
	offsets offsetTable
	views   views
}

func newState(now func() time.Time, events int) *state {
	return &state{
		now: now, last: firstGID,
		users: map[gid]*user{}, teams: map[gid]*team{}, projects: map[gid]*project{}, sections: map[gid]*section{},
		tasks: map[gid]*task{}, stories: map[gid]*story{}, tags: map[gid]*tag{}, fields: map[gid]*field{},
		options: map[gid]*option{}, externals: map[externalKey]*task{},
		log:   newEventLog(events),
		views: newViews(),
	}
}

// nextGID never repeats, not even after a deletion.
func (st *state) nextGID() gid {
	st.last += 2
	return st.last
}

func (st *state) stamp() stamp { return stampOf(st.now()) }

func (st *state) addUser(name, email string) *user {
	u := &user{id: st.nextGID(), name: name, email: email}
	st.users[u.id] = u
	st.userList = append(st.userList, u)
	return u
}

func (st *state) addTeam(name string) *team {
	t := &team{id: st.nextGID(), name: name}
	st.teams[t.id] = t
	st.teamList = append(st.teamList, t)
	return t
}

// remember files a new task under its identifiers.
func (st *state) remember(t *task) {
	st.tasks[t.id] = t
	st.created = append(st.created, t)
	for _, x := range t.externals {
		st.indexExternal(t, x)
	}
}

// forget removes a task from every list and index. Its struct stays valid for offsets that still point at it.
func (st *state) forget(t *task) {
	if t.gone {
		return
	}
	t.gone = true
	delete(st.tasks, t.id)
	for _, x := range t.externals {
		st.unindexExternal(t, x)
	}
	for _, m := range t.places {
		m.unlink()
	}
	for _, s := range t.stories {
		delete(st.stories, s.id)
	}
	if p := t.parent; p != nil {
		p.subtasks = slices.DeleteFunc(p.subtasks, func(x *task) bool { return x == t })
	}
	st.dead++
	st.sweep()
}

// sweep drops deleted tasks from the creation list once they are half of it; pages resume by gid and do not notice.
func (st *state) sweep() {
	if st.dead < 1024 || st.dead*2 < len(st.created) {
		return
	}
	st.created = slices.DeleteFunc(st.created, func(t *task) bool { return t.gone })
	st.dead = 0
}

// indexExternal makes the task findable by its external gid. When duplicates are allowed the first one keeps the name.
func (st *state) indexExternal(t *task, x external) {
	if x.id == "" {
		return
	}
	k := externalKey{x.app, x.id}
	if _, taken := st.externals[k]; !taken {
		st.externals[k] = t
	}
}

func (st *state) unindexExternal(t *task, x external) {
	k := externalKey{x.app, x.id}
	if st.externals[k] == t {
		delete(st.externals, k)
	}
}
