package zendesk

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

const (
	// soon is how long before its end a way to sign in is reported as a defect.
	soon = 30 * 24 * time.Hour
)

// Check implements connectors.Checker with one request for who signs in and one for each stream.
func (a *account) Check(ctx context.Context) ([]connectors.Finding, error) {
	const path = "/users/me"
	client := a.client
	client.Explain = explain(path)
	r, err := client.Do(ctx, "read who signs in", http.MethodGet, api+path, nil, nil)
	var refused *connectors.Error
	if errors.As(err, &refused) {
		switch refused.Kind {
		case connectors.Denied:
			return []connectors.Finding{{What: "sign-in", Detail: a.refusal(refused)}}, nil
		case connectors.Limited:
			return []connectors.Finding{{What: "quota", Detail: fmt.Sprintf("exhausted; Zendesk asks to wait %v", refused.After)}}, nil
		case connectors.NotFound:
			return []connectors.Finding{{What: "address", Detail: "there is no Zendesk account at this address; check subdomain and base_url"}}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	user := gjson.GetBytes(r.Body, "user")
	if !isID(user.Get("id").String()) { // Zendesk answers 200 with an anonymous user
		return []connectors.Finding{{What: "sign-in", Detail: a.refusal(&connectors.Error{Reason: "the answer is for nobody"})}}, nil
	}
	list := []connectors.Finding{{OK: true, What: "sign-in", Detail: "accepted"}, checkRole(user), checkQuota(r.Header)}
	list = append(list, a.checkEnd(r)...)
	list = append(list, a.checkWebhook())
	streams, err := a.checkStreams(ctx)
	return append(list, streams...), err
}

func (a *account) refusal(e *connectors.Error) string {
	text := "Zendesk refuses it: " + e.Reason
	if a.apiToken {
		return text + "; check email and api_token, whether API tokens are allowed in the account, and that it was used within 30 days; they end on " +
			endOfAPITokens.Format("2 January 2006")
	}
	return text + "; authorize again with `millrace auth`"
}

// checkRole: the exports are for administrators (https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/).
func checkRole(user gjson.Result) connectors.Finding {
	role := code(user.Get("role").String())
	f := connectors.Finding{OK: role == "admin", What: "role", Detail: role}
	if !f.OK {
		f.Detail += "; the incremental exports need an administrator: sign in as one"
	}
	return f
}

func checkQuota(h http.Header) connectors.Finding {
	w, ok := accountWindow(h)
	if !ok || w.left < 0 {
		return connectors.Finding{OK: true, What: "quota", Detail: "Zendesk does not say what is left"}
	}
	f := connectors.Finding{OK: w.left > w.total/10, What: "quota", Detail: fmt.Sprintf("%d of %d requests left this minute", w.left, w.total)}
	if !f.OK {
		f.Detail += "; other apps of the account use the same quota"
	}
	return f
}

// checkEnd warns of a way to sign in that Zendesk is about to end.
func (a *account) checkEnd(r *rest.Response) []connectors.Finding {
	end, what := endOfAPITokens, "API tokens"
	switch {
	case a.lasting:
		end, what = endOfLastingTokens, "access tokens that do not expire"
	case !a.apiToken:
		return nil
	}
	left := end.Sub(r.Date)
	return []connectors.Finding{{OK: left > soon, Warning: true, What: "end of sign-in",
		Detail: fmt.Sprintf("Zendesk ends %s on %s, in %d days; sign in by OAuth before that", what, end.Format("2 January 2006"), int(left.Hours()/24))}}
}

func (a *account) checkWebhook() connectors.Finding {
	if a.hooks.secret.IsZero() {
		return connectors.Finding{OK: true, What: "webhook", Detail: "no webhook_secret: deliveries are refused, changes come by polling only, and merges of users look like deletions"}
	}
	return connectors.Finding{OK: true, What: "webhook", Detail: "signed deliveries are accepted"}
}

// probes are cheap requests that need the same permission as reading a stream. Exports themselves are too few to be
// spent on a check.
var probes = map[string]string{
	usersStream: "/users/count", organizationsStream: "/organizations/count", ticketsStream: "/tickets/count",
	commentsStream: "/tickets/count", ratingsStream: "/satisfaction_ratings/count", pipelinesStream: "/ticket_fields",
	agentsStream: "/users/count", membershipsStream: "/organization_memberships", eventsStream: "/tickets/count",
}

// checkStreams asks for each stream once, and says what comments and events cost.
func (a *account) checkStreams(ctx context.Context) ([]connectors.Finding, error) {
	var missing []string
	var list []connectors.Finding
	asked := map[string]error{}
	for _, name := range streamNames() {
		if !slices.Contains(a.streams, name) {
			continue
		}
		path := probes[name]
		err, done := asked[path]
		if !done {
			var n answer
			n, err = a.get(ctx, "read "+name, path, query("page[size]", "1"))
			asked[path] = err
			if err == nil && path == "/tickets/count" {
				list = append(list, a.prices(n.members["count"].Get("value").Int())...)
			}
		}
		var refused *connectors.Error
		switch {
		case errors.As(err, &refused) && (refused.Kind == connectors.Denied || refused.Kind == connectors.Gone):
			missing = append(missing, name+": "+either(refused.Reason, refused.Kind.String()))
		case err != nil:
			return nil, err
		}
	}
	if len(missing) > 0 {
		return append(list, connectors.Finding{What: "streams", Detail: strings.Join(missing, "; ") +
			"; give the OAuth client the scope `read` and its user the permission, or take the streams out of `streams`"}), nil
	}
	return append(list, connectors.Finding{OK: true, What: "streams", Detail: fmt.Sprintf("all %d can be read", len(a.streams))}), nil
}

// prices says what is dear about tickets, before anybody pays it (airbyte#22611).
func (a *account) prices(tickets int64) (list []connectors.Finding) {
	if slices.Contains(a.streams, commentsStream) {
		list = append(list, priceOfComments(tickets, a.perMinute))
	}
	return append(list, priceOfEvents(tickets, a.exports, slices.Contains(a.streams, eventsStream)))
}

// usualEvents is how many events a ticket has, about; Zendesk does not count them.
const usualEvents = 10

// priceOfEvents says what the history of tickets costs, also while it is off.
func priceOfEvents(tickets int64, exports int, on bool) connectors.Finding {
	what := "off: add ticket_events to `streams` for what became of tickets between two looks and before the first;"
	if on {
		what = "on:"
	}
	pages := tickets*usualEvents/exportPage + 1
	took := time.Duration(float64(pages) / float64(exports) * float64(time.Minute)).Round(time.Minute)
	return connectors.Finding{OK: true, What: "ticket history", Detail: fmt.Sprintf(
		"%s at ten updates each, about %d tickets take %d of the time-based exports, of which the account has %d a minute: at least %v, and organizations wait for the same exports",
		what, tickets, pages, exports, took)}
}

// priceOfComments says what reading comments for the first time costs.
func priceOfComments(tickets int64, perMinute int) connectors.Finding {
	took := time.Duration(float64(tickets) / float64(max(1, perMinute)) * float64(time.Minute)).Round(time.Minute)
	return connectors.Finding{OK: true, What: "comments", Detail: fmt.Sprintf(
		"a request for each of about %d tickets: the first pass takes at least %v; take ticket_comments out of `streams` to save it", tickets, took)}
}
