package receive_test

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/router/receive"
)

// scheme is how one vendor proves a delivery, written from its documents and not from the connector.
type scheme struct {
	name, connector string
	setting         string         // that holds the secret; webhook_secret when left out
	settings        map[string]any // besides the secret
	body            string
	sign            func(secret, url, body string, at time.Time) http.Header
	inPath          bool // the secret is the end of the path, and nothing is signed
	timed           bool // the signature covers a time
	signsURL        bool
}

const secret = "0123456789abcdef0123456789abcdef"

func mac(key string, parts ...string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(strings.Join(parts, "")))
	return h.Sum(nil)
}

const (
	hubspotEvents = `[{"eventId": 1, "portalId": 62515, "occurredAt": 1796030000000, "subscriptionType": "contact.creation", "objectId": 123}]`
	zendeskEvent  = `{"type": "zen:event-type:user.created", "account_id": 1, "id": "01", "subject": "zen:user:5", "time": "2026-11-30T09:00:00Z"}`
	asanaEvents   = `{"events": [{"action": "changed", "resource": {"gid": "1", "resource_type": "task"}}]}`
	soapMessage   = `<?xml version="1.0"?><Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body>` +
		`<notifications xmlns="http://soap.sforce.com/2005/09/outbound"><OrganizationId>00D000000000001EAA</OrganizationId><Notification><Id>04l1</Id></Notification></notifications></Body></Envelope>`
)

var schemes = []scheme{
	{name: "HubSpot v3", connector: "hubspot", body: hubspotEvents, timed: true, signsURL: true,
		sign: func(secret, url, body string, at time.Time) http.Header {
			ms := strconv.FormatInt(at.UnixMilli(), 10)
			return http.Header{"X-Hubspot-Request-Timestamp": {ms},
				"X-Hubspot-Signature-V3": {base64.StdEncoding.EncodeToString(mac(secret, "POST", url, body, ms))}}
		}},
	{name: "HubSpot v2", connector: "hubspot", settings: map[string]any{"webhook_versions": []any{"v2"}}, body: hubspotEvents, signsURL: true,
		sign: func(secret, url, body string, _ time.Time) http.Header {
			sum := sha256.Sum256([]byte(secret + "POST" + url + body))
			return http.Header{"X-Hubspot-Signature-Version": {"v2"}, "X-Hubspot-Signature": {hex.EncodeToString(sum[:])}}
		}},
	{name: "HubSpot v1", connector: "hubspot", settings: map[string]any{"webhook_versions": []any{"v1"}}, body: hubspotEvents,
		sign: func(secret, _, body string, _ time.Time) http.Header {
			sum := sha256.Sum256([]byte(secret + body))
			return http.Header{"X-Hubspot-Signature": {hex.EncodeToString(sum[:])}}
		}},
	{name: "Zendesk", connector: "zendesk", body: zendeskEvent, timed: true,
		sign: func(secret, _, body string, at time.Time) http.Header {
			stamp := at.UTC().Format(time.RFC3339)
			return http.Header{"X-Zendesk-Webhook-Signature-Timestamp": {stamp},
				"X-Zendesk-Webhook-Signature": {base64.StdEncoding.EncodeToString(mac(secret, stamp, body))}}
		}},
	{name: "Asana", connector: "asana", body: asanaEvents,
		sign: func(secret, _, body string, _ time.Time) http.Header {
			return http.Header{"X-Hook-Signature": {hex.EncodeToString(mac(secret, body))}}
		}},
	{name: "Salesforce", connector: "salesforce", settings: map[string]any{"organization_id": "00D000000000001"}, body: soapMessage, inPath: true,
		sign: func(string, string, string, time.Time) http.Header { return http.Header{"Content-Type": {"text/xml"}} }},
	{name: "ActiveCampaign", connector: "activecampaign", body: "type=subscribe&contact%5Bid%5D=1", inPath: true, sign: bareForm},
	{name: "Mailchimp by path", connector: "mailchimp", body: mailchimpForm, inPath: true, sign: bareForm},
	{name: "Mailchimp signed", connector: "mailchimp", setting: "signing_secret", body: mailchimpForm, timed: true,
		sign: func(secret, _, body string, at time.Time) http.Header {
			stamp := strconv.FormatInt(at.Unix(), 10)
			return http.Header{"X-Mailchimp-Signature": {"t=" + stamp + ",v1=" + hex.EncodeToString(mac(secret, stamp, ".", body))}}
		}},
}

const mailchimpForm = "type=upemail&fired_at=2026-11-30+09%3A00%3A00&data%5Blist_id%5D=a6b5da1054&data%5Bnew_id%5D=51da8c3259"

func bareForm(string, string, string, time.Time) http.Header {
	return http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
}

// there reports whether the scheme's connector is one of ours.
func (s scheme) there() bool {
	return slices.ContainsFunc(all.List, func(c connectors.Connector) bool { return c.Spec.Name == s.connector })
}

func (s scheme) hook(t testing.TB, secret string) receive.Hook {
	t.Helper()
	settings := map[string]any{cmp.Or(s.setting, "webhook_secret"): secret}
	for name, value := range s.settings {
		settings[name] = value
	}
	return vendor(t, s.connector, settings)
}

func (s scheme) path() string {
	if s.inPath {
		return "/hooks/" + s.connector + "/" + secret
	}
	return "/hooks/" + s.connector
}

// TestWhatEachSchemeRefuses: standard-webhooks' cases, and those that peers were caught with, for every vendor's own way.
func TestWhatEachSchemeRefuses(t *testing.T) {
	for _, s := range schemes {
		if !s.there() {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			b := newBench(t, nil, s.hook(t, secret))
			now := b.clock.now()
			address := public + "/hooks/" + s.connector
			good := s.sign(secret, address, s.body, now)
			send := func(header http.Header, body string) *http.Response { return b.send("POST", s.path(), header, body) }

			b.want("authentic", send(good, s.body), 200, 1)
			b.want("replay", send(good, s.body), 200, 1) // answered as the first time, and stored once
			if s.inPath {
				s.wrongPaths(t, b)
				return
			}
			refused := func(name string, header http.Header, body string) {
				t.Helper()
				b.want(name, send(header, body), 401, 1)
			}
			refused("changed body", good, strings.Replace(s.body, "1", "2", 1))
			refused("longer body", good, s.body+"\n")
			refused("no body", good, "")
			refused("encoded anew", good, encodedAnew(t, s.body))
			refused("other secret", s.sign("another"+secret, address, s.body, now), s.body)
			refused("empty secret", s.sign("", address, s.body, now), s.body)
			if s.signsURL {
				refused("changed URL", s.sign(secret, address+"/other", s.body, now), s.body)
				refused("URL of another host", s.sign(secret, "https://evil.example/hooks/"+s.connector, s.body, now), s.body)
			}
			for name := range good {
				s.headers(refused, good, name)
			}
			if s.timed {
				for _, off := range []time.Duration{-5*time.Minute - time.Second, -50 * time.Minute, 5*time.Minute + time.Second, 24 * time.Hour} {
					refused("signed "+off.String()+" from now", s.sign(secret, address, s.body, now.Add(off)), s.body)
				}
				later := s.sign(secret, address, s.body, now.Add(time.Second))
				b.want("signed anew, a second later", send(later, s.body), 200, 2)
			}
		})
	}
}

// encodedAnew is a body that says the same in other bytes.
func encodedAnew(t *testing.T, body string) string {
	t.Helper()
	if v, err := url.ParseQuery(body); err == nil && v.Get("type") != "" {
		return v.Encode() // in the order of the names
	}
	var v json.RawMessage
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatal(err)
	}
	compact, err := json.Marshal(v)
	if err != nil || string(compact) == body {
		t.Fatalf("%v, or the body is compact already", err)
	}
	return string(compact)
}

// headers tries what can be wrong with one header.
func (s scheme) headers(refused func(string, http.Header, string), good http.Header, name string) {
	value := good.Get(name)
	for what, values := range map[string][]string{"missing": nil, "empty": {""}, "twice": {value, value}, "second": {"x", value},
		"first": {value, "x"}, "longer": {value + "0"}, "shorter": {value[:len(value)-1]}, "quoted": {`"` + value + `"`}} {
		header := good.Clone()
		if header[name] = values; values == nil {
			delete(header, name)
		}
		if what == "missing" && value == "v2" || what == "empty" && value == "v2" {
			continue // then it is a v1 signature, tried below
		}
		refused(name+" "+what, header, s.body)
	}
	for _, other := range []string{strings.ToUpper(value), strings.ToLower(value)} {
		if header := good.Clone(); other != value {
			header.Set(name, other)
			refused(name+" in another case", header, s.body)
		}
	}
}

// wrongPaths is what a scheme refuses whose proof is the path.
func (s scheme) wrongPaths(t *testing.T, b *bench) {
	t.Helper()
	header := s.sign("", "", "", time.Time{})
	before := "/hooks/" + s.connector
	for _, path := range []string{before, before + "/", before + "/" + secret[1:], before + "/" + secret + "0", before + "/" + strings.ToUpper(secret),
		before + "/" + secret + "/more", before + "?secret=" + secret, "/hooks/other/" + secret, "/" + secret} {
		b.want("changed URL "+strings.ReplaceAll(path, secret, "SECRET"), b.send("POST", path, header, s.body), 404, 1)
	}
	if s.connector != "salesforce" {
		return
	}
	b.want("another organization", b.send("POST", s.path(), header, strings.Replace(s.body, "00D000000000001", "00D000000000002", 1)), 404, 1)
	b.want("no message", b.send("POST", s.path(), header, "<x/>"), 404, 1)
	answer := text(t, b.send("POST", s.path(), header, s.body))
	if !strings.Contains(answer, "<Ack>true</Ack>") {
		t.Errorf("answer %q, want the vendor's acknowledgement", answer)
	}
	b.store.fail(errNoDisk)
	res := b.send("POST", s.path(), header, s.body+" ")
	if answer := text(t, res); res.StatusCode != 503 || !strings.Contains(answer, "<Ack>false</Ack>") {
		t.Errorf("full disk: status %d and %q, want the vendor told that it is not stored", res.StatusCode, answer)
	}
}

var errNoDisk = errors.New("no space left on device")

// TestEverySchemeIsInTheTable: a connector that receives webhooks must not land without its rows above.
func TestEverySchemeIsInTheTable(t *testing.T) {
	known := map[string]bool{}
	for _, s := range schemes {
		known[s.connector] = true
	}
	for _, c := range all.List {
		if len(c.Spec.WebhookProofs()) > 0 && !known[c.Spec.Name] {
			t.Errorf("connector %s receives webhooks; add how it proves them to schemes", c.Spec.Name)
		}
	}
}

// TestOneSecretDoesNotOpenAnother: two connections of one vendor, or a delivery sent to another connection's path.
func TestOneSecretDoesNotOpenAnother(t *testing.T) {
	one, other := schemes[0].hook(t, secret), schemes[0].hook(t, "fedcba9876543210fedcba9876543210")
	one.Connection, other.Connection = "one", "other"
	b := newBench(t, nil, one, other)
	header := schemes[0].sign(secret, public+"/hooks/one", hubspotEvents, b.clock.now())
	b.want("to another connection", b.send("POST", "/hooks/other", header, hubspotEvents), 401, 0)
	b.want("to its own", b.send("POST", "/hooks/one", header, hubspotEvents), 200, 1)
}

// TestWrongClockIsNoAttack: what its time alone refuses is counted and logged by itself, for every vendor that signs a time, and
// whoever sent it cannot tell it from what is forged.
func TestWrongClockIsNoAttack(t *testing.T) {
	for _, s := range schemes {
		if !s.timed || !s.there() {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			b := newBench(t, nil, s.hook(t, secret))
			at := b.clock.now().Add(-6 * time.Minute)
			header := s.sign(secret, public+"/hooks/"+s.connector, s.body, at)
			late, forged := b.send("POST", s.path(), header, s.body), b.send("POST", s.path(), header, s.body+" ")
			b.want("authentic and late", late, 401, 0)
			b.want("forged and late", forged, 401, 0)
			if !maps.EqualFunc(late.Header, forged.Header, slices.Equal) || text(t, late) != text(t, forged) {
				t.Errorf("answers %v and %v, want nothing that tells them apart", late.Header, forged.Header)
			}
			if got := b.Tallies()[0]; got.Stale != 1 || got.Refused != 1 || got.Age.Round(time.Minute) != 6*time.Minute {
				t.Errorf("counted %+v, want one stale by six minutes and one refused", got)
			}
			if n := strings.Count(b.log.String(), `msg="webhook stale"`); n != 1 || !strings.Contains(b.log.String(), "this machine's clock is ahead") {
				t.Errorf("log\n%s\nwant one line of what is stale", b.log)
			}
		})
	}
}

// A replay is told for as long as the signature is fresh, and a little longer; then it is refused as old.
func TestReplayIsToldAsLongAsItIsFresh(t *testing.T) {
	s := schemes[0]
	b := newBench(t, nil, s.hook(t, secret))
	ahead := s.sign(secret, public+"/hooks/hubspot", s.body, b.clock.now().Add(5*time.Minute))
	b.want("signed five minutes ahead of our clock", b.send("POST", s.path(), ahead, s.body), 200, 1)
	for range 10 {
		b.clock.add(time.Minute)
		other := s.sign(secret, public+"/hooks/hubspot", s.body+" ", b.clock.now())
		stored := len(b.store.stored()) + 1
		b.want("another one", b.send("POST", s.path(), other, s.body+" "), 200, stored)
		b.want("replay", b.send("POST", s.path(), ahead, s.body), 200, stored)
	}
	b.clock.add(time.Second)
	b.want("replay when it is old", b.send("POST", s.path(), ahead, s.body), 401, len(b.store.stored()))
}
