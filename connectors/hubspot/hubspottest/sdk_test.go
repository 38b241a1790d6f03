package hubspottest_test

import (
	"fmt"
	"testing"

	"github.com/millrace/millrace/connectors/connectortest/nodesdk"
	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestNodeSDK drives the simulator with HubSpot's own SDK for Node.
func TestNodeSDK(t *testing.T) {
	sdk := nodesdk.Install(t)
	s := hubspottest.New(hubspottest.Options{App: &hubspottest.App{ClientID: "app", ClientSecret: "shh", DeveloperKey: "owner"}})
	s.Seed(sandbox.Generate(5, 250))
	srv, err := sandbox.Listen(s.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	sdk.Run("BASE="+srv.URL, "CLIENT_ID=app", "CLIENT_SECRET=shh", "REFRESH_TOKEN="+s.NewRefreshToken(),
		fmt.Sprint("APP_ID=", hubspottest.AppID), "DEVELOPER_KEY=owner")
}
