package mailchimp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// Check implements connectors.Checker with one request for the account, one for its audiences and one for each other
// stream.
func (a *account) Check(ctx context.Context) ([]connectors.Finding, error) {
	r, err := a.client.Do(ctx, "read account", http.MethodGet, api+"/", query("fields", "account_id,role"), nil)
	var refused *connectors.Error
	if errors.As(err, &refused) {
		if f, ok := a.refusal(refused); ok {
			return []connectors.Finding{f}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	list := []connectors.Finding{{OK: true, What: "sign-in", Detail: "accepted, as " + either(title(gjson.GetBytes(r.Body, "role").String()), "an unknown role")},
		{OK: true, What: "quota", Detail: fmt.Sprintf("Mailchimp allows %d requests at the same time, over all applications, and does not say what is left", mostConnections)},
		a.checkWebhook()}
	streams, err := a.checkStreams(ctx)
	return append(list, streams...), err
}

// refusal says what is wrong with the sign-in.
func (a *account) refusal(e *connectors.Error) (connectors.Finding, bool) {
	switch e.Kind {
	case connectors.Denied:
		text := "Mailchimp refuses it: " + e.Reason
		if a.oauth {
			return connectors.Finding{What: "sign-in", Detail: text + "; the app's access may have been revoked: authorize again with `millrace auth`"}, true
		}
		return connectors.Finding{What: "sign-in", Detail: text + "; the API key may have been revoked, or its end names another data centre than the account's: copy it again from the account's extras, API keys"}, true
	case connectors.Limited:
		return connectors.Finding{What: "quota", Detail: fmt.Sprintf("exhausted: other applications use the %d connections of this user; give Millrace a user of its own, or lower `connections`", mostConnections)}, true
	case connectors.NotFound:
		return connectors.Finding{What: "address", Detail: "there is no Mailchimp API at this address; check base_url and data_center"}, true
	}
	return connectors.Finding{}, false
}

func (a *account) checkWebhook() connectors.Finding {
	f := connectors.Finding{OK: true, What: "webhook"}
	switch n := len(a.hooks.path.Reveal()); {
	case n > 0 && n < connectors.LeastPathSecret:
		f.OK, f.Detail = false, fmt.Sprintf("webhook_secret has %d characters and needs %d: deliveries are refused", n, connectors.LeastPathSecret)
	case len(a.hooks.signing) > 0:
		f.Detail = "signed deliveries are accepted"
	case !a.hooks.path.IsZero():
		f.Detail = "deliveries are known by the secret in their path; set signing_secret too where Mailchimp showed one"
	default:
		f.Detail = "neither webhook_secret nor signing_secret: deliveries are refused, and changes come by polling only"
	}
	return f
}

// probes are cheap requests that need the same permission as reading a stream.
var probes = map[string]string{listsStream: "/lists", membersStream: "/lists", segmentsStream: "/lists", interestsStream: "/lists",
	campaignsStream: "/campaigns", activityStream: "/reports"}

// checkStreams asks for each stream once, and says what the first pass over members costs.
func (a *account) checkStreams(ctx context.Context) ([]connectors.Finding, error) {
	var list []connectors.Finding
	var missing []string
	asked := map[string]error{}
	for _, name := range a.streams {
		path := probes[name]
		err, done := asked[path]
		if !done {
			var n answer
			n, err = a.get(ctx, "read "+name, path, query("count", "1", "fields", path[1:]+".id,total_items"))
			asked[path] = err
			if total := n.members["total_items"].Int(); err == nil && path == "/lists" && slices.Contains(a.streams, membersStream) {
				list = append(list, connectors.Finding{OK: true, What: "audiences", Detail: fmt.Sprintf(
					"%d; each poll of members costs %d requests, a first pass one more for each thousand members", total, 1+2*total)})
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
			"; sign in as a user whose role may see reports, or take the streams out of `streams`"}), nil
	}
	return append(list, connectors.Finding{OK: true, What: "streams", Detail: fmt.Sprintf("all %d can be read", len(a.streams))}), nil
}
