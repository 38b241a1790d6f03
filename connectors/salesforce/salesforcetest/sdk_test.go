package salesforcetest_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestNodeSDK drives the simulator with jsforce, the client that the vendor's command line is built on. It needs node,
// npm and the registry (or MILLRACE_NODE_MODULES, a folder that has node_modules already) and runs only with
// MILLRACE_NODE_SDK=1.
func TestNodeSDK(t *testing.T) {
	if os.Getenv("MILLRACE_NODE_SDK") != "1" {
		t.Skip("SKIPPED, THE VENDOR'S SDK WAS NOT RUN: set MILLRACE_NODE_SDK=1 to install it and run it")
	}
	dir := t.TempDir()
	for _, name := range []string{"package.json", "script.mjs"} {
		b, err := os.ReadFile(filepath.Join("sdk", name))
		must(t, err)
		must(t, os.WriteFile(filepath.Join(dir, name), b, 0o600))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	install(ctx, t, dir)

	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	s := salesforcetest.New(salesforcetest.Options{App: &salesforcetest.App{ClientID: "app", ClientSecret: "shh", Username: "robot@acme.example", Key: &key.PublicKey}})
	s.AddField("Contact", salesforcetest.Field{Name: "Ext__c", Length: 40, ExternalID: true, Unique: true})
	s.Seed(sandbox.Generate(5, 2500))
	srv, err := sandbox.Listen(s.Handler(), "")
	must(t, err)
	defer srv.Close()
	cmd := exec.CommandContext(ctx, "node", "script.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "BASE="+srv.URL, "CLIENT_ID=app", "CLIENT_SECRET=shh", "REFRESH_TOKEN="+s.NewRefreshToken(),
		"USERNAME=robot@acme.example", "JWT_KEY="+string(private))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("jsforce does not understand the simulator: %v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// install puts the SDK beside the script, from npm's cache when it can.
func install(ctx context.Context, t *testing.T, dir string) {
	if ready := os.Getenv("MILLRACE_NODE_MODULES"); ready != "" {
		must(t, os.Symlink(filepath.Join(ready, "node_modules"), filepath.Join(dir, "node_modules")))
		return
	}
	cmd := exec.CommandContext(ctx, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", "--ignore-scripts")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("npm install: %v\n%s", err, out)
	}
}
