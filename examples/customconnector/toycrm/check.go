package toycrm

import (
	"context"
	"net/http"
	"net/url"

	"github.com/millrace/millrace/connectors"
)

// Check implements connectors.Checker with one request.
func (a *account) Check(ctx context.Context) ([]connectors.Finding, error) {
	_, err := a.client.Do(ctx, "read one change", http.MethodGet, "/changes", url.Values{"limit": {"1"}}, nil)
	if connectors.KindOf(err) == connectors.Denied {
		return []connectors.Finding{{What: "token", Detail: "ToyCRM refuses it; make a new one under Settings > API"}}, nil
	}
	if err != nil {
		return nil, err
	}
	return []connectors.Finding{{OK: true, What: "token", Detail: "accepted"}, {OK: true, What: "streams", Detail: people + " can be read"}}, nil
}
