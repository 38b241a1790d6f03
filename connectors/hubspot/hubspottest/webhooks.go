package hubspottest

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// AppID is the app whose writes and webhooks these are, and whose API of webhooks answers; a webhook that repeats it as sourceId is an echo of a write
// through the API.
const AppID = 19083857

// by says that a change came through the API.
func (s *Server) by(*http.Request) source { return source{"INTEGRATION", strconv.Itoa(AppID)} }

// Subscription is where webhooks of some types go.
type Subscription struct {
	// URL is where events are posted.
	URL string
	// Public is the URL that is signed, the one HubSpot was configured with, when the receiver sits behind a proxy;
	// empty is URL.
	Public string
	// Secret is the app's client secret, the key of the signatures.
	Secret string
	// Types are the subscription types, such as contact.propertyChange; "*" is all.
	Types []string
	// Properties limits propertyChange to these; nil is all.
	Properties []string
	// Signatures are the versions sent: "v1", "v2", "v3"; nil is v3 alone.
	Signatures []string
}

// event is one entry of a delivery: HubSpot's envelope as a map, because types add fields of their own.
type event map[string]any

// queued is an event that waits for a subscriber.
type queued struct {
	event    event
	attempts int
}

// maxQueue bounds what waits for one subscription; the oldest events are dropped beyond it, as HubSpot drops them
// after a day.
const maxQueue = 200_000

// ofApp is the queue of what the app's own webhooks tell, beside those of the subscriptions.
const ofApp = -1

// hooks are the subscriptions and what waits for them.
type hooks struct {
	mu            sync.Mutex
	subscriptions []Subscription
	app           *appHooks
	cache         time.Duration
	queues        map[int][]queued // by index of subscription, or ofApp
	delivered     []queued         // the last delivery of each subscription, for Redeliver
	last          int
	serial        int64
	dropped       int
}

// Subscribe adds a webhook subscription; changes before it are not told.
func (s *Server) Subscribe(sub Subscription) {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	s.hooks.subscriptions = append(s.hooks.subscriptions, sub)
}

// PendingEvents returns how many events wait for delivery, over all subscriptions.
func (s *Server) PendingEvents() int {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	n := 0
	for _, q := range s.hooks.queues {
		n += len(q)
	}
	return n
}

// eventless are type and event pairs that HubSpot has no webhook for.
func eventless(t *table, what string) bool {
	return t.plural == "notes" || t.plural == "tasks" || (what == "privacyDeletion" && t.plural != "contacts")
}

// emit queues an event about an object for everyone who subscribed; the caller holds mu.
func (s *Server) emit(t *table, o *object, what string, by source, more map[string]any) {
	if eventless(t, what) {
		return
	}
	e := event{"objectId": o.id, "changeSource": by.change, "sourceId": by.id, "occurredAt": s.now()}
	if what == "creation" {
		e["changeFlag"] = "NEW"
	}
	for k, v := range more {
		e[k] = v
	}
	s.hooks.queue(s.opt.PortalID, t.singular+"."+what, e)
}

// emitLink queues the association events of both ends; the caller holds mu.
func (s *Server) emitLink(lt *linkType, from, to uint64, removed bool, now int64, by source) {
	for _, end := range []struct {
		p    pair
		a, b uint64
	}{{lt.pair, from, to}, {pair{lt.to, lt.from}, to, from}} {
		a, b := s.tables[end.p.from], s.tables[end.p.to]
		if eventless(a, "") {
			continue
		}
		s.hooks.queue(s.opt.PortalID, a.singular+".associationChange", event{
			"objectId": end.a, "fromObjectId": end.a, "toObjectId": end.b, "associationRemoved": removed, "occurredAt": now,
			"associationType": strings.ToUpper(a.singular + "_to_" + b.singular), "isPrimaryAssociation": lt.label == "Primary",
			"changeSource": by.change, "sourceId": by.id,
		})
	}
}

// queue gives an event to every subscription that wants it.
func (h *hooks) queue(portal int64, kind string, e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, sub := range h.subscriptions {
		if sub.wants(kind, e) {
			h.wait(i, 2_000_000+i, portal, kind, e)
		}
	}
	at := time.UnixMilli(e["occurredAt"].(int64))
	for _, sub := range h.app.inForce(at, h.cache).wanting(kind, e) {
		id, _ := strconv.Atoi(sub.ID)
		h.wait(ofApp, id, portal, kind, e)
	}
}

// wait puts an event into a queue.
func (h *hooks) wait(queue, subscription int, portal int64, kind string, e event) {
	h.serial++
	one := event{"eventId": h.serial, "subscriptionId": subscription, "portalId": portal, "appId": AppID, "subscriptionType": kind}
	for k, v := range e {
		one[k] = v
	}
	if h.queues == nil {
		h.queues = map[int][]queued{}
	}
	h.queues[queue] = append(h.queues[queue], queued{event: one})
	if over := len(h.queues[queue]) - maxQueue; over > 0 {
		h.queues[queue] = slices.Delete(h.queues[queue], 0, over)
		h.dropped += over
	}
}

func (sub Subscription) wants(kind string, e event) bool {
	if !slices.Contains(sub.Types, "*") && !slices.Contains(sub.Types, kind) {
		return false
	}
	name, changed := e["propertyName"].(string)
	return !changed || sub.Properties == nil || slices.Contains(sub.Properties, name)
}
