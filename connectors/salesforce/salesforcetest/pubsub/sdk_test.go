package pubsub_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest/pubsub"
)

// TestNodeSDK drives the simulator with the usual Node client of the Pub/Sub API, written by a member of the vendor's
// staff. It needs node, npm and the registry (or MILLRACE_NODE_MODULES, a folder that has node_modules already) and runs
// only with MILLRACE_NODE_SDK=1.
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

	org := salesforcetest.New(salesforcetest.Options{})
	bus := pubsub.New(org, pubsub.Options{Keepalive: 200 * time.Millisecond, TLS: selfSigned(t)})
	endpoint, err := bus.Listen("")
	must(t, err)
	defer bus.Close()
	cmd := exec.CommandContext(ctx, "node", "script.mjs")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "ENDPOINT="+endpoint, "TOKEN="+salesforcetest.DefaultToken, "ORG="+salesforcetest.DefaultOrgID)
	var failure strings.Builder
	cmd.Stderr = &failure
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	said := obey(t, org, bufio.NewScanner(out))
	if err := cmd.Wait(); err != nil || said != "understood" {
		t.Fatalf("the client does not understand the simulator after %q: %v\n%s", said, err, failure.String())
	}
}

// obey makes the changes that the script asks for, and returns the last line it wrote.
func obey(t *testing.T, org *salesforcetest.Server, lines *bufio.Scanner) (said string) {
	t.Helper()
	var id string
	for lines.Scan() {
		var err error
		switch said = lines.Text(); said {
		case "create":
			id, err = org.Create("Contact", map[string]any{"LastName": "Doe", "MailingCity": "Berlin"})
		case "update":
			err = org.Set("Contact", map[string]any{"FirstName": "Ann", "MailingCity": "", "Phone": "+49 30 1"}, id)
		case "delete":
			err = org.Delete("Contact", id)
		}
		must(t, err)
	}
	return said
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// selfSigned is TLS with a certificate that nobody vouches for.
func selfSigned(t *testing.T) *tls.Config {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"localhost"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

// install puts the SDK beside the script, from npm's cache when it can.
func install(ctx context.Context, t *testing.T, dir string) {
	t.Helper()
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
