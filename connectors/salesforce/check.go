package salesforce

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
)

// Check implements connectors.Checker, with a request for the versions, the limits and the organization, one for each
// object, and one for the numbers of rows.
func (a *account) Check(ctx context.Context) ([]connectors.Finding, error) {
	n, err := a.get(ctx, "list versions", "/services/data/", nil)
	if f, known := a.refused(err); known {
		return []connectors.Finding{f}, nil
	}
	if err != nil {
		return nil, err
	}
	list := []connectors.Finding{a.checkVersion(n.body)}
	quota, err := a.checkQuota(ctx)
	if f, known := a.refused(err); known {
		return append(list, f), nil
	}
	if err != nil {
		return list, err
	}
	list = append(list, connectors.Finding{OK: true, What: "sign-in", Detail: "accepted"}, quota)
	if strings.HasPrefix(quota.Detail, "REQUEST_LIMIT_EXCEEDED") {
		return append(list, a.checkWebhook()), nil // every further question would be refused
	}
	org, err := a.checkOrganization(ctx)
	if err != nil {
		return list, err
	}
	objects, err := a.checkObjects(ctx)
	return slices.Concat(list, org, objects, a.checkFeeds(ctx), []connectors.Finding{a.checkWebhook()}), err
}

// refused says what to do when Salesforce does not let us in.
func (a *account) refused(err error) (connectors.Finding, bool) {
	var e *connectors.Error
	if !errors.As(err, &e) || e.Kind != connectors.Denied {
		return connectors.Finding{}, false
	}
	detail := "Salesforce refuses it: " + e.Error()
	if a.signs == byJWT {
		detail += "; with a key, check that the app has its certificate, that the user is allowed to use the app, and that this machine's clock is right: " +
			"an assertion is good for three minutes"
	}
	return connectors.Finding{What: "sign-in", Detail: detail}, true
}

// checkVersion looks for the configured version among those that Salesforce offers.
func (a *account) checkVersion(body gjson.Result) connectors.Finding {
	var offered []string
	for _, v := range body.Array() {
		offered = append(offered, "v"+v.Get("version").String())
	}
	if len(offered) == 0 {
		return connectors.Finding{What: "version", Detail: "Salesforce lists no versions; check base_url and whether a proxy answers"}
	}
	f := connectors.Finding{OK: slices.Contains(offered, a.version), What: "version", Detail: a.version + ", the newest is " + offered[len(offered)-1]}
	if !f.OK {
		f.Detail = a.version + " is not offered; set api_version to one from " + offered[0] + " to " + offered[len(offered)-1]
	}
	return f
}

// checkQuota asks for the limits. A user without the permission to see them is told by the header of any answer.
func (a *account) checkQuota(ctx context.Context) (connectors.Finding, error) {
	n, err := a.get(ctx, "read limits", a.path("limits"), nil)
	if connectors.KindOf(err) == connectors.Limited {
		return connectors.Finding{What: "quota", Detail: reasonOf(err)}, nil
	}
	used, all, ok := usageIn(n.header)
	day := n.body.Get("DailyApiRequests")
	if err == nil && day.Get("Max").Int() > 0 {
		all = int(day.Get("Max").Int())
		used, ok = all-int(day.Get("Remaining").Int()), true
	}
	if !ok && err != nil {
		return connectors.Finding{}, err
	}
	if !ok {
		return connectors.Finding{OK: true, What: "quota", Detail: "Salesforce does not say how many calls are left"}, nil
	}
	ours := int(float64(all) * a.share)
	f := connectors.Finding{OK: used < ours, What: "quota",
		Detail: fmt.Sprintf("%s of %s calls used in the last 24 hours, by all that is connected; this connection stops at %s", grouped(int64(used)), grouped(int64(all)), grouped(int64(ours)))}
	if !f.OK {
		f.Detail += ", which is reached: raise daily_share, or see what else uses the organization's calls"
	}
	return f, nil
}

func reasonOf(err error) string {
	var e *connectors.Error
	if errors.As(err, &e) {
		return e.Reason
	}
	return err.Error()
}

func (a *account) checkOrganization(ctx context.Context) ([]connectors.Finding, error) {
	q := soql{fields: []string{"Id", "Name", "IsSandbox", "OrganizationType"}, from: "Organization"}
	n, err := a.get(ctx, "read organization", a.path("query"), query("q", q.String()))
	if kind := connectors.KindOf(err); kind == connectors.Denied || kind == connectors.Rejected {
		return []connectors.Finding{{OK: true, What: "organization", Detail: "the user may not read it"}}, nil
	}
	if err != nil {
		return nil, err
	}
	org := n.body.Get("records.0")
	id, kind := long(org.Get("Id").String()), "production"
	if org.Get("IsSandbox").Bool() {
		kind = "sandbox"
	}
	f := connectors.Finding{OK: true, What: "organization", Detail: org.Get("Name").String() + ", " + org.Get("OrganizationType").String() + ", " + kind + ", " + id}
	if want := a.hooks.organization; want != "" && long(want) != id {
		f.OK = false
		f.Detail += "; but organization_id is " + long(want) + ": sign in to the other one or correct it"
	}
	return []connectors.Finding{f}, nil
}

func (a *account) checkWebhook() connectors.Finding {
	switch h := a.hooks; {
	case h.secret.IsZero():
		return connectors.Finding{OK: true, What: "webhook", Detail: "no webhook_secret: outbound messages are refused, changes come by polling only"}
	case len(h.secret.Reveal()) < connectors.LeastPathSecret:
		return connectors.Finding{What: "webhook", Detail: fmt.Sprintf("webhook_secret is shorter than %d characters: outbound messages are refused", connectors.LeastPathSecret)}
	case h.organization == "":
		return connectors.Finding{What: "webhook", Detail: "set organization_id, so that messages of another organization are refused"}
	}
	return connectors.Finding{OK: true, What: "webhook", Detail: "outbound messages with the secret and of this organization are accepted"}
}
