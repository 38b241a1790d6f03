package salesforce_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce"
	"github.com/millrace/millrace/connectors/salesforce/salesforcetest"
)

func TestSpec(t *testing.T) { connectortest.Spec(t, salesforce.Connector, ".") }

func (h *harness) SecretSetting() string    { return "webhook_secret" }
func (h *harness) Freshness() time.Duration { return 0 }
func (h *harness) SignsAddress() bool       { return false }
func (h *harness) SecretInPath() bool       { return true }
func (h *harness) Unknown() []byte {
	return []byte(`<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound">
		<OrganizationId>` + salesforcetest.DefaultOrgID + `</OrganizationId><Notification><Id>04lak000000fzt7QAA</Id>
		<sObject xmlns:x="http://www.w3.org/2001/XMLSchema-instance" x:type="sf:Invoice__c"><Id>a00ak000001tbPQ</Id></sObject></Notification>
		</notifications></e:Body></e:Envelope>`)
}

func (h *harness) Deliver(_ *testing.T, body []byte, at time.Time) connectors.Delivery {
	return connectors.Delivery{Method: http.MethodPost, URL: publicURL, Path: "/millrace/sf-main/" + testSecret, Body: body, Received: at,
		Header: http.Header{"Content-Type": {"text/xml; charset=utf-8"}, "Soapaction": {`""`}}}
}

func TestWebhook(t *testing.T) {
	connectortest.Webhook(t, func(t *testing.T) connectortest.WebhookHarness { return newHarness(t, "Contact", nil) })
}
