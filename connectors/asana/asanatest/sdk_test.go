package asanatest_test

import (
	"context"
	"testing"

	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/connectors/connectortest/nodesdk"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestNodeSDK drives the simulator with Asana's own client for Node, which also receives what the simulator delivers.
func TestNodeSDK(t *testing.T) {
	sdk := nodesdk.Install(t)
	s := asanatest.New(asanatest.Options{})
	srv, err := sandbox.Listen(s.Handler(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	ada, err := s.Human("ada@acme.example")
	if err != nil {
		t.Fatal(err)
	}
	project, _ := ada.AddProject("SDK", "New", "Active")
	ctx, stop := context.WithCancel(t.Context())
	delivering := make(chan error, 1)
	go func() { delivering <- s.Run(ctx) }()
	defer func() {
		stop()
		if err := <-delivering; err != nil {
			t.Error(err)
		}
	}()
	sdk.Run("BASE="+srv.URL+"/api/1.0", "TOKEN="+asanatest.DefaultToken, "PROJECT="+project)
	if n := s.Count(); n != 24 {
		t.Errorf("got %d tasks left, want the 24 of the pages", n)
	}
}
