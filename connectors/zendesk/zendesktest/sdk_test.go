package zendesktest_test

import (
	"context"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/connectortest/nodesdk"
	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
)

// TestNodeSDK drives the simulator with node-zendesk, the SDK for Node that most use, and delivers webhooks to its
// script.
func TestNodeSDK(t *testing.T) {
	sdk := nodesdk.Install(t)
	s := zendesktest.New(zendesktest.Options{APIUser: "ada@acme.example", APIToken: "api-token", App: &zendesktest.App{ClientID: "app", ClientSecret: "shh"}})
	s.Seed(sandbox.Generate(5, 250))
	srv, err := sandbox.Listen(s.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	ctx, stop := context.WithCancel(t.Context())
	delivering := make(chan struct{})
	go func() {
		s.DeliverEvery(ctx, 20*time.Millisecond)
		close(delivering)
	}()
	defer func() {
		stop()
		<-delivering
	}()
	sdk.Run("BASE="+srv.URL, "API_USER=ada@acme.example", "API_TOKEN=api-token", "CLIENT_ID=app", "CLIENT_SECRET=shh", "REFRESH_TOKEN="+s.NewRefreshToken())
}
