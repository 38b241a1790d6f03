package activecampaign

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
)

// Check implements connectors.Checker with one request for who signs in and one for each stream.
func (a *account) Check(ctx context.Context) ([]connectors.Finding, error) {
	client := a.client
	client.Explain = explain
	r, err := client.Do(ctx, "read who signs in", http.MethodGet, api+"users/me", nil, nil)
	var refused *connectors.Error
	if errors.As(err, &refused) {
		switch refused.Kind {
		case connectors.Denied:
			return []connectors.Finding{{What: "sign-in", Detail: refused.Reason}}, nil
		case connectors.Limited:
			return []connectors.Finding{{What: "quota", Detail: fmt.Sprintf("exhausted; ActiveCampaign asks to wait %v", refused.After)}}, nil
		case connectors.NotFound, connectors.Gone:
			return []connectors.Finding{{What: "address", Detail: "there is no ActiveCampaign account at this address; check account_url and base_url"}}, nil
		}
	}
	if err != nil {
		return nil, err
	}
	if !isID(gjson.GetBytes(r.Body, "user.id").String()) {
		return []connectors.Finding{{What: "sign-in", Detail: "the answer names no user; check account_url and api_token"}}, nil
	}
	list := []connectors.Finding{{OK: true, What: "sign-in", Detail: "accepted"}, a.checkWebhook()}
	streams, err := a.checkStreams(ctx)
	return append(list, streams...), err
}

func (a *account) checkWebhook() connectors.Finding {
	switch {
	case a.secret.IsZero():
		return connectors.Finding{OK: true, What: "webhook", Detail: "no webhook_secret: deliveries are refused, and changes of lists and tags may take relist_every to show"}
	case len(a.secret.Reveal()) < connectors.LeastPathSecret:
		return connectors.Finding{What: "webhook", Detail: fmt.Sprintf("webhook_secret is shorter than %d characters: deliveries are refused", connectors.LeastPathSecret)}
	}
	return connectors.Finding{OK: true, What: "webhook", Detail: "webhook_secret is set"}
}

// checkStreams asks each configured stream for one object, contacts with all that is side-loaded.
func (a *account) checkStreams(ctx context.Context) ([]connectors.Finding, error) {
	var missing []string
	var list []connectors.Finding
	for _, s := range streams {
		if !slices.Contains(a.streams, s.name) {
			continue
		}
		total, err := a.probe(ctx, s)
		var refused *connectors.Error
		switch {
		case errors.As(err, &refused) && (refused.Kind == connectors.Denied || refused.Kind == connectors.Gone):
			missing = append(missing, s.name+": "+refused.Reason)
		case err != nil:
			return nil, err
		case s.name == contactsStream && total >= 0:
			list = append(list, priceOfListing(total, a.relist))
		}
	}
	if len(missing) > 0 {
		return append(list, connectors.Finding{What: "streams", Detail: strings.Join(missing, "; ")}), nil
	}
	return append(list, connectors.Finding{OK: true, What: "streams", Detail: fmt.Sprintf("all %d can be read", len(a.streams))}), nil
}

func (a *account) probe(ctx context.Context, s stream) (total int64, err error) {
	op, q := "read "+s.name, query()
	if s.name == contactsStream {
		q = a.contactsQuery()
	}
	q.Set("limit", "1")
	n, err := a.get(ctx, op, s.name, q)
	if err != nil {
		return 0, err
	}
	rows, err := n.list(op, s.name)
	if err == nil && s.name == contactsStream {
		_, err = a.sideLoaded(op, n, rows)
	}
	return n.total(), err
}

// priceOfListing says what listing all contacts anew costs.
func priceOfListing(contacts int64, every time.Duration) connectors.Finding {
	pages := contacts/listPage + 1
	took := time.Duration(float64(pages) / allowed * float64(time.Second)).Round(time.Second)
	f := connectors.Finding{OK: took < every/2, What: "listing anew", Detail: fmt.Sprintf(
		"%d contacts are %d requests, %v at five a second, every %v", contacts, pages, took, every)}
	if !f.OK {
		f.Detail += "; that leaves too little for everything else: make relist_every longer"
	}
	return f
}
