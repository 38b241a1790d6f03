package pubsub_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/connectortest/nodesdk"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest/pubsub"
)

// TestNodeSDK drives the simulator with the usual Node client of the Pub/Sub API, written by a member of the vendor's
// staff. The script says which changes it wants to see.
func TestNodeSDK(t *testing.T) {
	sdk := nodesdk.Install(t)
	org := salesforcetest.New(salesforcetest.Options{})
	bus := pubsub.New(org, pubsub.Options{Keepalive: 200 * time.Millisecond, TLS: selfSigned(t)})
	endpoint, err := bus.Listen("")
	must(t, err)
	defer bus.Close()
	cmd := sdk.Command("ENDPOINT="+endpoint, "TOKEN="+salesforcetest.DefaultToken, "ORG="+salesforcetest.DefaultOrgID)
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
