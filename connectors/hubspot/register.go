package hubspot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// An app is one subscription here, whose events are those that its own subscriptions tell of: its address is one for all, and
// none is of any use without it.

// Wanted implements connectors.Registrar. An app tells of every account that it is installed in, and deletions are believed
// without asking, so events have to be told apart by account.
func (o *owner) Wanted(ctx context.Context, place connectors.Place) ([]connectors.Subscription, error) {
	reason := ""
	switch {
	case o.hooks.secret.IsZero():
		reason = "set webhook_secret to the app's client secret, by which deliveries are known, and restart the daemon"
	case o.hooks.portal == 0:
		reason = "set portal_id to the id of the HubSpot account, and restart the daemon: an app tells of all accounts that it is installed in"
	}
	if reason != "" {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "plan webhooks", Reason: reason}
	}
	events, err := o.wantedEvents(ctx)
	if err != nil || len(events) == 0 {
		return nil, err
	}
	return []connectors.Subscription{{Name: o.name(), URL: place.Below(), Events: events, State: connectors.SubscriptionOn}}, nil
}

func (o *owner) name() string { return "app " + o.app }

// Registered implements connectors.Registrar: the app, and each of its subscriptions that no connection asks for, which is
// somebody's and has no address of its own.
func (o *owner) Registered(ctx context.Context, place connectors.Place, _ connectors.Cursor) ([]connectors.Subscription, connectors.Cursor, error) {
	s, err := o.state(ctx)
	if err != nil {
		return nil, "", err
	}
	var list []connectors.Subscription
	for _, sub := range s.list {
		if !sub.ours {
			list = append(list, connectors.Subscription{Events: []string{sub.event}, State: connectors.SubscriptionOn})
		}
	}
	app := connectors.Subscription{ID: o.app, Name: o.name(), URL: s.target, Events: s.events(), State: connectors.SubscriptionOn}
	if s.target == "" {
		app.State = connectors.SubscriptionOff
	}
	if s.used(place) {
		list = append(list, app)
	}
	return list, "", nil
}

// used reports whether the app is anybody's. One that tells of nothing that connections ask for, at this place or at none, is
// not: it may be taken.
func (s appState) used(place connectors.Place) bool {
	return len(s.events()) > 0 || s.target != "" && !place.Holds(s.target)
}

// Register implements connectors.Registrar. It takes an app that nobody uses, or that delivers to this place already, and no
// other: an app has one address, and taking it ends what it was for. That an app without an address has subscriptions says
// that somebody means to use it again.
func (o *owner) Register(ctx context.Context, place connectors.Place, want connectors.Subscription) (connectors.Subscription, connectors.Secret, error) {
	const op = "set the app's webhooks"
	s, err := o.state(ctx)
	if err != nil {
		return connectors.Subscription{}, connectors.Secret{}, err
	}
	switch {
	case s.target != "" && !place.Holds(s.target):
		err = taken(op, fmt.Sprintf("app %s delivers to %s already, and an app has only one address: make an app of its own for Millrace, or, if nothing there needs it any more, set its target URL to %s in HubSpot by hand",
			o.app, hostOf(s.target), want.URL))
	case s.target == "" && len(s.list) > 0:
		err = taken(op, fmt.Sprintf("app %s has no target URL, but subscriptions that somebody made: make an app of its own for Millrace, or, if nobody needs them, set its target URL to %s in HubSpot by hand",
			o.app, want.URL))
	default:
		err = o.converge(ctx, op, s, want)
	}
	want.ID = o.app
	return want, connectors.Secret{}, err
}

func taken(op, reason string) error {
	return &connectors.Error{Kind: connectors.Rejected, Op: op, Reason: reason}
}

// Change implements connectors.Changer. An app that was ours, but delivers elsewhere and tells of less than half of what it
// told of, is another program's now: one that moved in removed what it found.
func (o *owner) Change(ctx context.Context, place connectors.Place, _, want connectors.Subscription) error {
	const op = "change the app's webhooks"
	s, err := o.state(ctx)
	if err != nil {
		return err
	}
	if !s.used(place) {
		return &connectors.Error{Kind: connectors.NotFound, Op: op, Reason: "the app has none any more"}
	}
	if s.target != "" && !place.Holds(s.target) {
		left := 0
		for _, event := range s.events() {
			if slices.Contains(want.Events, strings.TrimPrefix(event, "paused ")) {
				left++
			}
		}
		if 2*left < len(want.Events) {
			return taken(op, fmt.Sprintf("app %s delivers to %s now, and little of what was subscribed to is left: somebody else uses it. Make an app of its own for Millrace, or set its target URL to %s in HubSpot by hand",
				o.app, hostOf(s.target), want.URL))
		}
	}
	return o.converge(ctx, op, s, want)
}

// mostAtOnce is how many deliveries HubSpot makes at a time, its own default; what somebody set is kept.
const mostAtOnce = 10

// converge gives the app its address, and has it tell of what is wanted: first what is missing, then without what is too
// much. A subscription can be turned on and off, and nothing else of one be changed.
func (o *owner) converge(ctx context.Context, op string, s appState, want connectors.Subscription) error {
	if s.target != want.URL {
		most := s.most
		if most == 0 {
			most = mostAtOnce
		}
		_, err := o.call(ctx, op, http.MethodPut, "/settings", map[string]any{"targetUrl": want.URL, "throttling": map[string]any{"maxConcurrentRequests": most}})
		if err != nil {
			return err
		}
	}
	missing, paused, extra := s.compare(want.Events)
	for _, sub := range paused {
		if _, err := o.call(ctx, op, http.MethodPatch, "/subscriptions/"+sub.id, map[string]any{"active": true}); err != nil {
			return err
		}
	}
	refused := o.subscribe(ctx, op, missing)
	if refused != nil && connectors.KindOf(refused) != connectors.Rejected {
		return refused
	}
	return errors.Join(refused, o.unsubscribe(ctx, op, extra))
}

// compare returns what is wanted and not there, what is there and paused, and what is not wanted or is there twice. Of what
// is there twice an active one is kept.
func (s appState) compare(wanted []string) (missing []string, paused, extra []appSubscription) {
	missing = slices.Clone(wanted)
	for _, active := range []bool{true, false} {
		for _, sub := range s.list {
			if !sub.ours || sub.active != active {
				continue
			}
			i := slices.Index(missing, sub.event)
			switch {
			case i < 0:
				extra = append(extra, sub)
				continue
			case !active:
				paused = append(paused, sub)
			}
			missing = slices.Delete(missing, i, i+1)
		}
	}
	return missing, paused, extra
}

// mostRefused is after how many refusals nothing more is tried.
const mostRefused = 5

// subscribe creates subscriptions. One that HubSpot refuses does not keep the others from being made.
func (o *owner) subscribe(ctx context.Context, op string, events []string) error {
	var refused []string
	var last error
	for _, event := range events {
		kind, property, _ := strings.Cut(event, ofProperty)
		body := map[string]any{"eventType": kind, "active": true}
		if property != "" {
			body["propertyName"] = property
		}
		_, err := o.call(ctx, op, http.MethodPost, "/subscriptions", body)
		if err != nil && connectors.KindOf(err) != connectors.Rejected {
			return err
		}
		if err != nil {
			refused, last = append(refused, event), err
		}
		if len(refused) == mostRefused {
			break
		}
	}
	if last == nil {
		return nil
	}
	return &connectors.Error{Kind: connectors.Rejected, Op: op, Err: last,
		Reason: "HubSpot takes no subscription of " + strings.Join(refused, ", ") + "; webhook_properties can name the properties without these"}
}

func (o *owner) unsubscribe(ctx context.Context, op string, list []appSubscription) error {
	for _, sub := range list {
		_, err := o.call(ctx, op, http.MethodDelete, "/subscriptions/"+sub.id, nil)
		if err != nil && connectors.KindOf(err) != connectors.NotFound {
			return err
		}
	}
	return nil
}

// Unregister implements connectors.Registrar: first the subscriptions, then the address, unless those of others deliver
// there. An app that delivers elsewhere by now is left alone, and it is said, since subscriptions of ours may be left in it.
func (o *owner) Unregister(ctx context.Context, place connectors.Place, _ connectors.Subscription) error {
	const op = "clear the app's webhooks"
	s, err := o.state(ctx)
	if err != nil {
		return err
	}
	if s.target != "" && !place.Holds(s.target) {
		return taken(op, fmt.Sprintf("app %s delivers to %s, so nothing in it is touched; where it is still Millrace's, set its target URL to %s in HubSpot by hand first",
			o.app, hostOf(s.target), place.Below()))
	}
	_, _, ours := s.compare(nil)
	if err := o.unsubscribe(ctx, op, ours); err != nil || s.target == "" || len(ours) < len(s.list) {
		return err
	}
	_, err = o.call(ctx, op, http.MethodDelete, "/settings", nil)
	if connectors.KindOf(err) == connectors.NotFound {
		return nil
	}
	return err
}
