package register_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
	"github.com/millrace/millrace/router/register"
)

// lost has the next creation done and its answer lost.
func (b *bench) lost(plan *sandbox.Plan) {
	b.t.Helper()
	b.must(plan.Add(sandbox.Fault{Kind: sandbox.Lost, Times: 1, Match: sandbox.Match{Method: http.MethodPost, Path: "/webhooks$"}}))
	list, _, err := b.office.Register(context.Background(), b.account)
	b.must(err)
	for _, o := range list {
		if o.Do == register.Create && o.Err != nil {
			return
		}
	}
	b.t.Fatalf("did %+v, want a creation whose answer is lost", list)
}

// What is made again and whose answer is lost has not the secret of the one before: it is asked for.
func TestZendeskLostAnswer(t *testing.T) {
	clock, plan := newClock(), sandbox.NewPlan(1)
	sim := zendesktest.New(zendesktest.Options{Clock: clock, Subdomain: "acme", Tokens: []string{"tok"}, Plan: plan})
	url := listen(t, sim.Handler())
	b := newBench(t, "zendesk", url, map[string]any{"subdomain": "acme", "token": "tok", "requests_per_minute": 100000}, clock.Now)
	if got := b.register(); !same(got, register.Create) {
		t.Fatalf("did %v", got)
	}
	call(t, "DELETE", url+"/api/v2/webhooks/"+sim.Hooks()[0].ID, "Authorization", "Bearer tok", "")
	b.lost(plan)
	if done, missed := b.check(true); !same(done, register.Learn) || missed != 2 || b.only().secret != sim.Hooks()[0].Secret {
		t.Errorf("did %v and told %d times that something was missed, want the new secret learnt", done, missed)
	}
	b.quiet()
}

// Mailchimp shows a secret once. Where that was lost the webhook is made anew, and the daemon does so without being asked again.
func TestMailchimpLostAnswer(t *testing.T) {
	clock, plan := newClock(), sandbox.NewPlan(1)
	sim := mailchimptest.New(mailchimptest.Options{Clock: clock, Plan: plan})
	sim.CreateList("News")
	b := newBench(t, "mailchimp", listen(t, sim.Handler()), map[string]any{"api_key": mailchimptest.DefaultKey, "webhook_secret": pathSecret}, clock.Now)
	b.lost(plan)
	if done, missed := b.check(true); !same(done, register.Replace) || missed != 0 {
		t.Errorf("did %v and told %d times that something was missed, want it made anew and nothing missed: it never told anything", done, missed)
	}
	if hooks := sim.Webhooks(); len(hooks) != 1 || b.only().secret != sim.SigningSecret(hooks[0].ID) {
		t.Errorf("there are %+v, want one whose secret is kept", hooks)
	}
	b.quiet()
}
