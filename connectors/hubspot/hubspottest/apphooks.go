package hubspottest

import (
	"slices"
	"time"
)

// AppSubscription is one subscription of an app, as its API has it. It tells of every account that the app is installed in.
type AppSubscription struct {
	ID           string `json:"id"`
	EventType    string `json:"eventType"`
	PropertyName string `json:"propertyName,omitempty"` // of a propertyChange
	ObjectTypeID string `json:"objectTypeId,omitempty"` // of a generic one, object.creation
	Active       bool   `json:"active"`
	CreatedAt    string `json:"createdAt"`
	UpdatedAt    string `json:"updatedAt,omitempty"`
}

// appHooks are the app's webhooks, and what they were as long as an older state may still be in force.
type appHooks struct {
	serial int
	now    appState
	past   []appState // oldest first; the first one is in force until the second one has taken effect
}

type appState struct {
	settings settings
	list     []AppSubscription
	from     time.Time // when it was made so
}

// at returns the place of a subscription, -1 for none.
func (a appState) at(id string) int {
	return slices.IndexFunc(a.list, func(sub AppSubscription) bool { return sub.ID == id })
}

// changeApp changes the app's webhooks. The caller holds the lock.
func (s *Server) changeApp(with func(*appState)) {
	a := s.hooks.app
	a.inForce(s.opt.Clock.Now(), s.hooks.cache) // forgets what nobody can see any more
	a.past = append(a.past, a.now)
	a.now.list = slices.Clone(a.now.list)
	with(&a.now)
	a.now.from = s.opt.Clock.Now()
}

// switchApp turns a subscription on or off. The caller holds the lock.
func (s *Server) switchApp(i int, active bool) {
	s.changeApp(func(a *appState) { a.list[i].Active, a.list[i].UpdatedAt = active, stamp(s.now()) })
}

// inForce returns the state that events are told by: what was changed within the cache's time is not known yet.
func (a *appHooks) inForce(now time.Time, cache time.Duration) appState {
	until := now.Add(-cache)
	if !a.now.from.After(until) {
		a.past = nil
		return a.now
	}
	for len(a.past) > 1 && !a.past[1].from.After(until) {
		a.past = a.past[1:]
	}
	return a.past[0]
}

// wanting returns the subscriptions that tell of an event; without an address none does. Generic ones (object.creation) tell
// the same in another form, which nothing here sends.
func (a appState) wanting(kind string, e event) (list []AppSubscription) {
	name, _ := e["propertyName"].(string)
	for _, sub := range a.list {
		if a.settings.TargetURL != "" && sub.Active && sub.EventType == kind && sub.PropertyName == name {
			list = append(list, sub)
		}
	}
	return list
}

// AppTarget returns where the app's webhooks deliver; "" is nowhere.
func (s *Server) AppTarget() string {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	return s.hooks.app.now.settings.TargetURL
}

// AppSubscriptions returns the app's subscriptions, the oldest first.
func (s *Server) AppSubscriptions() []AppSubscription {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	return slices.Clone(s.hooks.app.now.list)
}

// PauseApp turns all subscriptions of the app off, as a person can with one click.
func (s *Server) PauseApp() {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	for i := range s.hooks.app.now.list {
		s.switchApp(i, false)
	}
}
