package hubspot

import (
	"context"
	"slices"
	"sync"
	"time"
)

// names remembers the names of each object's properties: without them HubSpot returns a handful of defaults. What is
// remembered may be lost at any time, which costs one request. It is learnt again for every scan, and for every poll
// that finds something, so that a property added in HubSpot is read with the first change that uses it.
type names struct {
	mu   sync.Mutex
	last map[string]known
}

type known struct {
	names []string
	at    time.Time
}

func (n *names) get(name string) (known, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	k, ok := n.last[name]
	return k, ok
}

func (n *names) put(name string, k known) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.last == nil {
		n.last = map[string]known{}
	}
	n.last[name] = k
}

// needed are the properties that reading and its rules cannot do without, whatever the setting `properties` says.
var needed = []string{"hs_object_id", "createdate", "lastmodifieddate", "hs_lastmodifieddate", "hs_merged_object_ids"}

// describe asks for the names of an object's properties, sorted.
func (a *account) describe(ctx context.Context, o object) ([]string, error) {
	op := "read properties of " + o.name
	n, err := a.get(ctx, op, a.version.properties(o.name), nil)
	if err != nil {
		return nil, err
	}
	list, err := n.results(op)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, property := range list {
		name := property.Get("name").String()
		wanted := len(a.only) == 0 || slices.Contains(a.only, name) || slices.Contains(needed, name)
		if name != "" && wanted && !property.Get("archived").Bool() {
			all = append(all, name)
		}
	}
	if len(all) == 0 {
		return nil, broken(op, "answer lists no properties")
	}
	slices.Sort(all)
	a.names.put(o.name, known{names: all, at: a.now()})
	return all, nil
}

// propertiesOf returns remembered names no older than the age, or asks; age 0 takes names of any age.
func (a *account) propertiesOf(ctx context.Context, o object, age time.Duration) ([]string, error) {
	k, ok := a.names.get(o.name)
	if ok && (age == 0 || a.now().Sub(k.at) < age) {
		return k.names, nil
	}
	return a.describe(ctx, o)
}
