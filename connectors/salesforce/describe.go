package salesforce

import (
	"context"
	"encoding/base64"
	"errors"
	"hash/crc32"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
)

// field is one field of an sObject that can be read.
type field struct {
	name       string
	kind       string // describe's type: string, boolean, datetime, reference …
	calculated bool   // a formula or a roll-up: it changes without a new stamp
	filterable bool
}

// layout is what describe says of an sObject to the user that is signed in.
type layout struct {
	sobject    string
	fields     []field // readable ones in the vendor's order
	index      map[string]int
	stamp      string // the field that says when a row was last changed; "" when there is none
	prefix     string // the first three characters of the ids
	deletes    bool   // rows may be IsDeleted
	replicated bool   // getDeleted may be asked
	lists      map[string]string
	without    []string // what queries refuse, fields of the parent and of children with their object's name
	parent     string   // a field of the parent that is read along: Account.PersonContactId
	wide       bool     // the fields do not fit into an address
	modified   string   // Last-Modified, for the next question
	at         time.Time
	whole      time.Time // when it was last answered in full
	date       time.Time // the vendor's clock when it was last confirmed
}

// layouts remembers the layouts of a connection. What is remembered may be lost at any time, which costs one request.
type layouts struct {
	mu      sync.Mutex
	last    map[string]*layout
	without map[string][]string // fields that describe lists and queries refuse, by sObject
}

func (l *layouts) get(sobject string) *layout {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last[sobject]
}

func (l *layouts) put(one *layout) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last == nil {
		l.last = map[string]*layout{}
	}
	l.last[one.sobject] = one
}

// forget makes the next question for an object an unconditional one.
func (l *layouts) forget(sobject string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.last, sobject)
}

// leaveOut notes a field that cannot be queried; it reports whether that was news.
func (l *layouts) leaveOut(sobject, name string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if slices.Contains(l.without[sobject], name) {
		return false
	}
	if l.without == nil {
		l.without = map[string][]string{}
	}
	l.without[sobject] = append(l.without[sobject], name)
	delete(l.last, sobject)
	return true
}

func (l *layouts) leftOut(sobject string) []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.without[sobject])
}

// wholeAge is how long 304 is believed: what a user may see can change without the object's own time.
const wholeAge = 6 * time.Hour

// describe asks for the fields of an object, unless nothing changed since it last did: then the answer is a 304. Either
// way it tells the vendor's time, which is where a pass ends.
func (a *account) describe(ctx context.Context, o object) (*layout, error) {
	op := "describe " + o.sobject
	before := a.layouts.get(o.sobject)
	client := a.client
	if before != nil && before.modified != "" && a.now().Sub(before.whole) < wholeAge {
		client.Header = http.Header{"If-Modified-Since": {before.modified}}
	}
	n, err := a.askWith(ctx, client, op, http.MethodGet, a.path("sobjects/"+o.sobject+"/describe"), nil, nil)
	if before != nil && n.status == http.StatusNotModified {
		if n.date.IsZero() {
			return nil, broken(op, "answer has no Date header")
		}
		same := *before
		same.at, same.date = a.now(), n.date
		a.layouts.put(&same)
		return &same, nil
	}
	if err != nil {
		return nil, unseen(o.sobject, err)
	}
	l, err := a.layoutOf(ctx, o, n)
	if err != nil {
		return nil, err
	}
	a.layouts.put(l)
	return l, nil
}

// known returns the remembered layout no older than the age, or asks; age 0 takes one of any age.
func (a *account) known(ctx context.Context, o object, age time.Duration) (*layout, error) {
	if l := a.layouts.get(o.sobject); l != nil && (age == 0 || a.now().Sub(l.at) < age) {
		return l, nil
	}
	return a.describe(ctx, o)
}

// unseen says why describe does not know an object.
func unseen(sobject string, err error) error {
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.NotFound {
		return err
	}
	with := *e
	with.Kind = connectors.Denied
	with.Reason = strings.TrimSpace(with.Reason + ": " + sobject + " does not exist or the user may not read it; give it read access, or take it out of " +
		"`streams` and `custom_objects` (if nothing can be read, api_version is not one that Salesforce offers)")
	return &with
}

// unreadable are the types that no query returns as one value: compound fields come as their parts, files not at all.
var unreadable = map[string]bool{"address": true, "location": true, "base64": true, "complexvalue": true}

// stamps are the fields that say when a row was changed, the best one first. SystemModstamp moves with every change,
// LastModifiedDate only with those of people, CreatedDate never.
var stamps = []string{"SystemModstamp", "LastModifiedDate", "CreatedDate"}

func (a *account) layoutOf(ctx context.Context, o object, n answer) (*layout, error) {
	l := &layout{sobject: o.sobject, index: map[string]int{}, lists: map[string]string{}, at: a.now(), whole: a.now(), date: n.date,
		without: a.layouts.leftOut(o.sobject), prefix: n.body.Get("keyPrefix").String(), replicated: n.body.Get("replicateable").Bool(), modified: n.header.Get("Last-Modified")}
	for _, raw := range n.body.Get("fields").Array() {
		f := field{name: raw.Get("name").String(), kind: raw.Get("type").String(), calculated: raw.Get("calculated").Bool(), filterable: raw.Get("filterable").Bool()}
		if !isName(f.name) || unreadable[f.kind] || raw.Get("deprecatedAndHidden").Bool() || slices.Contains(l.without, f.name) {
			continue
		}
		l.index[f.name] = len(l.fields)
		l.fields = append(l.fields, f)
	}
	if _, ok := l.index["Id"]; !ok {
		return nil, broken("describe "+o.sobject, "answer lists no field Id")
	}
	for _, name := range stamps {
		if _, ok := l.index[name]; ok && l.stamp == "" {
			l.stamp = name
		}
	}
	_, l.deletes = l.index["IsDeleted"]
	for _, c := range n.body.Get("childRelationships").Array() {
		if name := c.Get("relationshipName").String(); isName(name) {
			l.lists[c.Get("childSObject").String()] = name
		}
	}
	if o.person {
		if err := a.withPerson(ctx, l); err != nil {
			return nil, err
		}
	}
	l.wide = len(l.selection(o)) > maxSelect
	return l, nil
}

// withPerson adds the contact behind a person account, in an organization that has those.
func (a *account) withPerson(ctx context.Context, l *layout) error {
	account, err := a.known(ctx, object{name: "Account", sobject: "Account"}, 0)
	if kind := connectors.KindOf(err); kind == connectors.Denied || kind == connectors.NotFound {
		return nil // accounts cannot be seen, and neither can the persons behind them
	}
	if err != nil {
		return err
	}
	_, refers := l.index["AccountId"]
	if _, ok := account.index["PersonContactId"]; ok && refers && !slices.Contains(l.without, "Account.PersonContactId") {
		l.parent = "Account.PersonContactId"
	}
	return nil
}

var name = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,79}$`)

// isName reports whether s has the form of a field's or an object's API name, and may stand in a query.
func isName(s string) bool { return name.MatchString(s) }

// names lists the fields.
func (l *layout) names() []string {
	list := make([]string, len(l.fields))
	for i, f := range l.fields {
		list[i] = f.name
	}
	return list
}

// marks are three bytes for each name, as base64: a cursor remembers by them which fields were read, in a fifth of the
// space. Two names may share a mark; a new field that goes unnoticed that way is filled by the next sweep.
func marks(names []string) string {
	all := make([]byte, 0, 3*len(names))
	for _, name := range names {
		sum := crc32.ChecksumIEEE([]byte(name))
		all = append(all, byte(sum), byte(sum>>8), byte(sum>>16))
	}
	return base64.RawStdEncoding.EncodeToString(all)
}

// unmarked returns the names that have no mark.
func unmarked(marked string, names []string) []string {
	have := map[string]bool{}
	for i := 0; i+4 <= len(marked); i += 4 {
		have[marked[i:i+4]] = true
	}
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return have[marks([]string{name})] })
}
