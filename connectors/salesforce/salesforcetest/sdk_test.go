package salesforcetest_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/millrace/millrace/connectors/connectortest/nodesdk"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestNodeSDK drives the simulator with jsforce, the client that the vendor's command line is built on.
func TestNodeSDK(t *testing.T) {
	sdk := nodesdk.Install(t)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(t, err)
	private := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
	s := salesforcetest.New(salesforcetest.Options{App: &salesforcetest.App{ClientID: "app", ClientSecret: "shh", Username: "robot@acme.example", Key: &key.PublicKey}})
	s.AddField("Contact", salesforcetest.Field{Name: "Ext__c", Length: 40, ExternalID: true, Unique: true})
	s.Seed(sandbox.Generate(5, 2500))
	srv, err := sandbox.Listen(s.Handler(), "")
	must(t, err)
	defer srv.Close()
	sdk.Run("BASE="+srv.URL, "CLIENT_ID=app", "CLIENT_SECRET=shh", "REFRESH_TOKEN="+s.NewRefreshToken(),
		"USERNAME=robot@acme.example", "JWT_KEY="+string(private))
}
