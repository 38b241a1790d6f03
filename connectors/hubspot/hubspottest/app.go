package hubspottest

import (
	"crypto/subtle"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// appRoutes mounts the API of an app's webhooks under each version's path, which is another one in 2026-03. It takes the
// developer API key and no account's token, and costs nothing of the account's quota
// (https://developers.hubspot.com/docs/api-reference/webhooks-webhooks-v3/guide).
func (s *Server) appRoutes(mux *http.ServeMux) {
	for _, base := range []string{"/webhooks/v3", "/app-webhooks/2025-09", "/webhooks/2026-03", "/app-webhooks/2026-09"} {
		base += "/{app}"
		for pattern, h := range map[string]handler{
			"GET " + base + "/settings": s.appSettings, "PUT " + base + "/settings": s.setAppSettings, "DELETE " + base + "/settings": s.clearAppSettings,
			"GET " + base + "/subscriptions": s.appList, "POST " + base + "/subscriptions": s.appSubscribe,
			"POST " + base + "/subscriptions/batch/update": s.appBatch,
			"GET " + base + "/subscriptions/{id}":          s.appGet, "PATCH " + base + "/subscriptions/{id}": s.appPatch,
			"DELETE " + base + "/subscriptions/{id}": s.appDelete,
		} {
			mux.Handle(pattern, s.ownerOnly(h))
		}
	}
}

// ownerOnly lets only the app's owner pass. An account's token beside the key is refused: which of the two HubSpot goes by
// nobody documents.
func (s *Server) ownerOnly(next handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		key := ""
		if s.auth.app != nil {
			key = s.auth.app.DeveloperKey
		}
		if key == "" || bearer(r) != "" || subtle.ConstantTimeCompare([]byte(r.URL.Query().Get("hapikey")), []byte(key)) != 1 {
			return unauthorized()
		}
		if r.PathValue("app") != strconv.Itoa(AppID) {
			return fail(http.StatusNotFound, "OBJECT_NOT_FOUND", "No app with this id")
		}
		return next(w, r)
	}
}

// settings are those of an app's webhooks. Creation is of the last time that there were none.
type settings struct {
	TargetURL string `json:"targetUrl"`
	Throttle  struct {
		Most int `json:"maxConcurrentRequests"`
	} `json:"throttling"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
}

func (s *Server) appSettings(w http.ResponseWriter, _ *http.Request) error {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	return s.showSettings(w)
}

// showSettings answers the settings, 404 without any (supaglue and n8n go by that). The caller holds the lock.
func (s *Server) showSettings(w http.ResponseWriter) error {
	if s.hooks.app.now.settings.TargetURL == "" {
		return fail(http.StatusNotFound, "OBJECT_NOT_FOUND", "No webhook settings for this app")
	}
	writeJSON(w, http.StatusOK, s.hooks.app.now.settings)
	return nil
}

// leastConcurrent is the least maxConcurrentRequests: "a number greater than five".
const leastConcurrent = 6

// setAppSettings replaces the settings as a whole: what is left out is not kept.
func (s *Server) setAppSettings(w http.ResponseWriter, r *http.Request) error {
	var in settings
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if !reachable(in.TargetURL) {
		return invalid("targetUrl must be a valid HTTPS URL")
	}
	if in.Throttle.Most < leastConcurrent {
		return invalid("maxConcurrentRequests must be greater than 5")
	}
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	at := stamp(s.now())
	in.CreatedAt, in.UpdatedAt = s.hooks.app.now.settings.CreatedAt, at
	if in.CreatedAt == "" {
		in.CreatedAt = at
	}
	s.changeApp(func(a *appState) { a.settings = in })
	return s.showSettings(w)
}

// reachable reports whether HubSpot takes an address: only HTTPS. Plain HTTP passes to this machine, where tests listen.
func reachable(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// clearAppSettings leaves the subscriptions, which then tell nobody: "paused until another webhook is created".
func (s *Server) clearAppSettings(w http.ResponseWriter, _ *http.Request) error {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	s.changeApp(func(a *appState) { a.settings = settings{} })
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) appList(w http.ResponseWriter, _ *http.Request) error {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	list := s.hooks.app.now.list
	if list == nil {
		list = []AppSubscription{}
	}
	writeJSON(w, http.StatusOK, map[string]any{"results": list})
	return nil
}

// maxSubscriptions is the most that an app may have.
const maxSubscriptions = 1000

// appSubscribe creates a subscription, paused unless it says otherwise. One that is there already may be created again.
func (s *Server) appSubscribe(w http.ResponseWriter, r *http.Request) error {
	var in AppSubscription
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if err := s.checkSubscription(in); err != nil {
		return err
	}
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	a := s.hooks.app
	if len(a.now.list) >= maxSubscriptions {
		return fail(http.StatusBadRequest, "VALIDATION_ERROR",
			"Couldn't create another subscription. You've reached the maximum number allowed per application (%d).", maxSubscriptions)
	}
	a.serial++
	in.ID, in.CreatedAt, in.UpdatedAt = strconv.Itoa(a.serial), stamp(s.now()), ""
	s.changeApp(func(a *appState) { a.list = append(a.list, in) })
	writeJSON(w, http.StatusCreated, in)
	return nil
}

// withoutEvents are properties that no subscription can be of.
var withoutEvents = []string{"num_unique_conversion_events", "hs_lastmodifieddate"}

// checkSubscription refuses what HubSpot does not know, and what the app may not read.
func (s *Server) checkSubscription(in AppSubscription) error {
	about, what, _ := strings.Cut(in.EventType, ".")
	if !slices.Contains(strings.Fields(eventTypes[about]), what) {
		return invalid("%q is not one of the event types", in.EventType)
	}
	if change := what == "propertyChange"; change != (in.PropertyName != "") {
		return invalid("propertyName is for propertyChange, and for nothing else")
	}
	if slices.Contains(withoutEvents, in.PropertyName) {
		return invalid("property %s is not available for subscriptions", in.PropertyName)
	}
	if about == "object" && in.ObjectTypeID == "" {
		return invalid("objectTypeId is needed")
	}
	for _, k := range kinds {
		if k.singular == about {
			return s.need("crm.objects." + k.scope + ".read")
		}
	}
	return nil
}

// eventTypes are what subscriptions may be of, from the specification.
var eventTypes = map[string]string{
	"contact":      "associationChange creation deletion merge privacyDeletion propertyChange restore",
	"company":      "associationChange creation deletion merge propertyChange restore",
	"deal":         "associationChange creation deletion merge propertyChange restore",
	"ticket":       "associationChange creation deletion merge propertyChange restore",
	"line_item":    "associationChange creation deletion merge propertyChange restore",
	"object":       "associationChange creation deletion merge propertyChange restore",
	"product":      "creation deletion merge propertyChange restore",
	"conversation": "creation deletion newMessage privacyDeletion propertyChange",
	"event":        "completed",
}

func (s *Server) appGet(w http.ResponseWriter, r *http.Request) error {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i := s.hooks.app.now.at(r.PathValue("id"))
	if i < 0 {
		return missing()
	}
	writeJSON(w, http.StatusOK, s.hooks.app.now.list[i])
	return nil
}

// appPatch turns a subscription on or off. Nothing else of one can be changed.
func (s *Server) appPatch(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Active *bool }
	if err := decode(w, r, &in); err != nil {
		return err
	}
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i := s.hooks.app.now.at(r.PathValue("id"))
	if i < 0 {
		return missing()
	}
	if in.Active != nil {
		s.switchApp(i, *in.Active)
	}
	writeJSON(w, http.StatusOK, s.hooks.app.now.list[i])
	return nil
}

// appBatch turns several on or off; of those that are not there it says so.
func (s *Server) appBatch(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Inputs []struct {
			ID     int
			Active bool
		}
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	at := stamp(s.now())
	out := map[string]any{"status": "COMPLETE", "startedAt": at, "completedAt": at}
	results, errs := []AppSubscription{}, []partial{}
	for _, one := range in.Inputs {
		i := s.hooks.app.now.at(strconv.Itoa(one.ID))
		if i < 0 {
			errs = append(errs, partial{Status: "error", Category: "SUBSCRIPTION_ID_NOT_FOUND", Message: "Failed to find subscriptions by id `" + strconv.Itoa(one.ID) + "`."})
			continue
		}
		s.switchApp(i, one.Active)
		results = append(results, s.hooks.app.now.list[i])
	}
	out["results"] = results
	code := http.StatusOK
	if len(errs) > 0 {
		code, out["errors"], out["numErrors"] = http.StatusMultiStatus, errs, len(errs)
	}
	writeJSON(w, code, out)
	return nil
}

func (s *Server) appDelete(w http.ResponseWriter, r *http.Request) error {
	s.hooks.mu.Lock()
	defer s.hooks.mu.Unlock()
	i := s.hooks.app.now.at(r.PathValue("id"))
	if i < 0 {
		return missing()
	}
	s.changeApp(func(a *appState) { a.list = slices.Delete(a.list, i, i+1) })
	w.WriteHeader(http.StatusNoContent)
	return nil
}
