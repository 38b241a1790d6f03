package mailchimptest_test

import (
	"net/http"
	"testing"

	"github.com/millrace/millrace/connectors/connectortest/nodesdk"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestNodeSDK drives the simulator with the vendor's own SDK for Node. Webhooks are delivered to HOOK, and nowhere below it.
func TestNodeSDK(t *testing.T) {
	sdk := nodesdk.Install(t)
	s := mailchimptest.New(mailchimptest.Options{Keys: []string{mailchimptest.DefaultKey}, Tokens: []string{"access-token"}})
	s.Seed(sandbox.Generate(5, 250))
	srv, err := sandbox.Listen(s.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	hook := sandboxServer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/hook" {
			w.WriteHeader(http.StatusNotFound)
		}
	})
	sdk.Run("BASE="+srv.URL, "API_KEY="+mailchimptest.DefaultKey, "ACCESS_TOKEN=access-token", "HOOK="+hook+"/hook")
}
