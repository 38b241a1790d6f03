package zendesktest_test

import (
	"testing"

	"github.com/millrace/millrace/connectors/connectortest/nodesdk"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// TestNodeSDK drives the simulator with node-zendesk, the SDK for Node that most use.
func TestNodeSDK(t *testing.T) {
	sdk := nodesdk.Install(t)
	s := zendesktest.New(zendesktest.Options{APIUser: "ada@acme.example", APIToken: "api-token", App: &zendesktest.App{ClientID: "app", ClientSecret: "shh"}})
	s.Seed(sandbox.Generate(5, 250))
	srv, err := sandbox.Listen(s.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	sdk.Run("BASE="+srv.URL, "API_USER=ada@acme.example", "API_TOKEN=api-token", "CLIENT_ID=app", "CLIENT_SECRET=shh", "REFRESH_TOKEN="+s.NewRefreshToken())
}
