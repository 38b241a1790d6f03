package asanatest

import (
	"strconv"
	"time"
)

// gid is Asana's identifier. The API writes it as a string; held as a number it costs a quarter of the memory.
type gid uint64

// firstGID makes identifiers of the length Asana's have today, beyond the range a JSON number of JavaScript holds safely
// only in appearance: a client that reads them as numbers still breaks on its own arithmetic.
const firstGID gid = 1_214_300_000_000_000

func (g gid) String() string { return strconv.FormatUint(uint64(g), 10) }

// parseGID reads decimal digits only; "0" and names are no identifiers.
func parseGID(s string) (gid, bool) {
	n, err := strconv.ParseUint(s, 10, 64)
	return gid(n), err == nil && n != 0
}

// stamp is an instant in Unix milliseconds, the precision of every time Asana shows; 0 is "never".
type stamp int64

func stampOf(t time.Time) stamp { return stamp(t.UnixMilli()) }

func (m stamp) time() time.Time { return time.UnixMilli(int64(m)).UTC() }

func (m stamp) String() string { return m.time().Format("2006-01-02T15:04:05.000Z") }

type workspace struct {
	id      gid
	name    string
	domains []string
}

type user struct {
	id          gid
	name, email string
}

type team struct {
	id   gid
	name string
}

type project struct {
	id                gid
	name, notes       string
	color, view       string
	privacy           string
	archived          bool
	created, modified stamp
	due, start        string
	owner, team       gid
	sections          []*section
	settings          []*setting
}

type section struct {
	id         gid
	name       string
	project    *project
	created    stamp
	head, tail *membership
	count      int
}

// membership is a task's place in one project: a node of its section's list, so that inserting, moving and deleting cost
// the same in a section of two hundred thousand tasks.
type membership struct {
	task       *task
	section    *section
	prev, next *membership
	gone       bool
}

type task struct {
	id, assignee, creator, completer gid
	name, notes, html                string
	subtype                          string
	completed                        bool
	liked                            bool
	created, modified, done          stamp
	dueOn, dueAt, startOn            string
	parent                           *task
	subtasks                         []*task
	places                           []*membership
	tags                             []*tag
	followers                        []gid
	values                           []value
	stories                          []*story
	externals                        []external // one per app
	gone                             bool
}

// external is app-specific metadata; it exists for one OAuth app only.
// https://developers.asana.com/docs/custom-external-data
type external struct {
	app, id, data string
}

type externalKey struct{ app, id string }

type tag struct {
	id                 gid
	name, color, notes string
	created            stamp
	gone               bool
}

type story struct {
	id, author   gid
	task         *task
	created      stamp
	subtype      string
	text, html   string
	pinned, edit bool
}

type field struct {
	id                         gid
	name, kind                 string
	description, format        string
	currency, label, labelSide string
	precision                  int
	options                    []*option
	creator                    gid
	created                    stamp
	gone                       bool
}

type option struct {
	id          gid
	name, color string
	enabled     bool
	field       *field
}

// setting attaches a custom field to a project.
type setting struct {
	id        gid
	field     *field
	project   *project
	important bool
}

// value is what a task holds for a field: string, float64, *option, []*option, []gid or dateValue.
type value struct {
	field *field
	v     any
}

type dateValue struct{ date, at string }
