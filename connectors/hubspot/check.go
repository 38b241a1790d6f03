package hubspot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// Check implements connectors.Checker with one request for the account and one for each stream.
func (a *account) Check(ctx context.Context) ([]connectors.Finding, error) {
	r, err := a.client.Do(ctx, "read account", http.MethodGet, a.version.account(), nil, nil)
	var refused *connectors.Error
	if errors.As(err, &refused) && refused.Kind == connectors.Denied {
		return []connectors.Finding{{What: "sign-in", Detail: "HubSpot refuses it: " + refused.Reason + "; make a new token or authorize again"}}, nil
	}
	if err != nil {
		return nil, err
	}
	list := []connectors.Finding{{OK: true, What: "sign-in", Detail: "accepted"}}
	list = append(list, a.checkAccount(gjson.ParseBytes(r.Body))...)
	list = append(list, checkQuota(r.Header), a.checkWebhook())
	scopes, err := a.checkScopes(ctx)
	return append(list, scopes), err
}

func (a *account) checkAccount(body gjson.Result) []connectors.Finding {
	portal, zone := body.Get("portalId").Int(), body.Get("timeZone").String()
	list := []connectors.Finding{{OK: true, What: "account", Detail: fmt.Sprintf("portal %d, time zone %s", portal, zone)}}
	if a.hooks.portal != 0 && a.hooks.portal != portal {
		list[0] = connectors.Finding{What: "account",
			Detail: fmt.Sprintf("signed in to portal %d, but portal_id is %d; use the other account's token or correct portal_id", portal, a.hooks.portal)}
	}
	if a.zone != "" && zone != "" && a.zone != zone {
		list = append(list, connectors.Finding{What: "time zone",
			Detail: fmt.Sprintf("the account is in %s, but time_zone is %s; the daily quota is refilled at the account's midnight", zone, a.zone)})
	}
	return list
}

func checkQuota(h http.Header) connectors.Finding {
	left, ok := headerInt(h, headerDailyLeft)
	all, known := headerInt(h, headerDaily)
	if !ok || !known {
		return connectors.Finding{OK: true, What: "quota", Detail: "HubSpot does not say what is left of the day's requests (OAuth apps have no daily limit of their own)"}
	}
	f := connectors.Finding{OK: left > all/10, What: "quota", Detail: strconv.Itoa(left) + " of " + strconv.Itoa(all) + " requests left today"}
	if !f.OK {
		f.Detail += "; other apps of the account use the same quota"
	}
	return f
}

func (a *account) checkWebhook() connectors.Finding {
	if a.hooks.secret.IsZero() {
		return connectors.Finding{OK: true, What: "webhook", Detail: "no webhook_secret: deliveries are refused, changes come by polling only"}
	}
	return connectors.Finding{OK: true, What: "webhook", Detail: "signatures " + strings.Join(a.hooks.versions, ", ") + " are accepted"}
}

// checkScopes asks for one row of every stream; a refusal names the scope that is missing.
func (a *account) checkScopes(ctx context.Context) (connectors.Finding, error) {
	var missing []string
	for _, stream := range allStreams {
		if !slices.Contains(a.streams, stream) {
			continue
		}
		path, q := a.version.objects(stream), query("limit", "1")
		if of, ok := strings.CutPrefix(stream, pipelinesPrefix); ok {
			path, q = a.version.pipelines(of), nil
		} else if stream == ownersStream {
			path = a.version.owners()
		}
		_, err := a.get(ctx, "read "+stream, path, q)
		var refused *connectors.Error
		switch {
		case errors.As(err, &refused) && refused.Kind == connectors.Denied:
			missing = append(missing, stream+": "+refused.Reason)
		case err != nil:
			return connectors.Finding{}, err
		}
	}
	if len(missing) > 0 {
		return connectors.Finding{What: "scopes", Detail: strings.Join(missing, "; ") + "; add the scopes to the app, or take the streams out of `streams`"}, nil
	}
	return connectors.Finding{OK: true, What: "scopes", Detail: "all " + strconv.Itoa(len(a.streams)) + " streams can be read"}, nil
}
