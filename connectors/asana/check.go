package asana

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// freeRate is what Asana allows a free plan a minute (https://developers.asana.com/docs/rate-limits).
const freeRate = 150

// Check implements connectors.Checker with five reads: who signs in, the workspace, projects and custom fields.
func (t *target) Check(ctx context.Context) ([]connectors.Finding, error) {
	_, err := t.client.rest.Do(ctx, "check sign-in", http.MethodGet, "/users/me", fieldsOf("gid"), nil)
	if err != nil {
		if connectors.KindOf(err) == connectors.Denied {
			return []connectors.Finding{{What: "sign-in", Detail: err.Error() + "; check token or the OAuth settings"}}, nil
		}
		return nil, err
	}
	findings := []connectors.Finding{{OK: true, What: "sign-in", Detail: "accepted"}}
	if err := t.ensureSpace(ctx); err != nil {
		return append(findings, connectors.Finding{What: "workspace", Detail: err.Error()}), nil
	}
	space := "/workspaces/" + escape(t.names.workspace())
	workspace := t.probe(ctx, "workspace", space, "opened "+t.names.workspace())
	findings = append(findings, workspace)
	if !workspace.OK { // nothing in it can be read either
		return findings, nil
	}
	findings = append(findings, t.probe(ctx, "projects", space+"/projects?limit=1", "can be read"))
	return append(findings, t.checkFields(ctx, space)...), nil
}

// probe reads one thing and says whether that worked; a refusal for want of a scope names the scope.
func (t *target) probe(ctx context.Context, what, path, good string) connectors.Finding {
	if err := t.client.get(ctx, "check "+what, path, fieldsOf("gid"), nil); err != nil {
		return connectors.Finding{What: what, Detail: err.Error() + scopeHint(err) + workspaceHint(what, err)}
	}
	return connectors.Finding{OK: true, What: what, Detail: good}
}

func scopeHint(err error) string {
	if connectors.KindOf(err) != connectors.Denied {
		return ""
	}
	return "; the app needs the scopes " + strings.Join(scopes, ", ")
}

// workspaceHint says what the setting must be when Asana does not know the one it has.
func workspaceHint(what string, err error) string {
	kind := connectors.KindOf(err)
	if what != "workspace" || kind != connectors.NotFound && kind != connectors.Rejected {
		return ""
	}
	return "; `workspace` must be the gid of a workspace that this user belongs to, the first number in Asana's address or one of GET /workspaces"
}

// checkFields finds out whether the plan has custom fields, which is also the sign of a paid plan and its tenfold rate.
func (t *target) checkFields(ctx context.Context, space string) []connectors.Finding {
	err := t.client.get(ctx, "check custom fields", space+"/custom_fields?limit=1", fieldsOf("gid"), nil)
	switch {
	case needsPaid(err):
		found := []connectors.Finding{{OK: true, What: "custom fields",
			Detail: "not in this plan; fields and the key become lines of the description"}}
		if t.config.perMinute > freeRate {
			found = append(found, connectors.Finding{What: "rate",
				Detail: fmt.Sprintf("requests_per_minute is %d, a free plan allows %d", t.config.perMinute, freeRate)})
		}
		return found
	case err != nil:
		return []connectors.Finding{{What: "custom fields", Detail: err.Error() + scopeHint(err)}}
	}
	found := []connectors.Finding{{OK: true, What: "custom fields", Detail: "available"}}
	if t.config.perMinute > 0 && t.config.perMinute <= freeRate {
		found = append(found, connectors.Finding{OK: true, What: "rate",
			Detail: "the plan seems to be a paid one; requests_per_minute: 1500 would be ten times as fast"})
	}
	return found
}
