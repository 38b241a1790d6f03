package imap_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/imap"
	"github.com/millrace/millrace/connectors/imap/dovecottest"
	"github.com/millrace/millrace/connectors/imap/imaptest"
)

// first reads the first page.
func first(t testing.TB, opened any) error {
	t.Helper()
	_, err := opened.(connectors.Source).Read(context.Background(), "messages", "")
	return err
}

// want fails unless err is of the kind, says what it should and shows nothing personal.
func want(t *testing.T, err error, kind connectors.Kind, text string) {
	t.Helper()
	if connectors.KindOf(err) != kind || err != nil && !strings.Contains(err.Error(), text) {
		t.Errorf("got %v, want %v with %q", err, kind, text)
	}
	if err != nil && (strings.Contains(err.Error(), "ours.example") || strings.Contains(err.Error(), imaptest.DefaultPassword) || strings.Contains(err.Error(), "ya29")) {
		t.Errorf("the error %q shows what is secret or personal", err)
	}
}

// TestNothingIsSentInTheClear: without encryption neither a password nor a token leaves the machine.
func TestNothingIsSentInTheClear(t *testing.T) {
	h := newHarness(t, nil) // has no STARTTLS
	want(t, first(t, connectortest.Open(t, h, "security", "starttls")), connectors.Denied, "STARTTLS")
	want(t, first(t, connectortest.Open(t, h, "security", "tls")), connectors.Denied, "does not speak TLS")
	if n := h.log.Totals().Requests; n != 0 {
		t.Errorf("%d commands were sent: %v", n, h.log.Counts())
	}
	v, _ := imap.Connector.Spec.Parse(map[string]any{"host": "imap.example.com", "user": "u", "password": "p", "security": "none"})
	if _, err := imap.Connector.Open(connectors.Env{Settings: v, Now: time.Now}); err == nil || !strings.Contains(err.Error(), "this machine only") {
		t.Errorf("no encryption to another machine: got %v", err)
	}
}

// TestEncryptedConnections: by TLS and by STARTTLS, with a certificate that is trusted, and not with another.
func TestEncryptedConnections(t *testing.T) {
	for security, change := range map[string]func(*imaptest.Options){
		"tls":      func(o *imaptest.Options) { o.TLS = true },
		"starttls": func(o *imaptest.Options) { o.StartTLS = true },
	} {
		t.Run(security, func(t *testing.T) {
			h := newHarness(t, change)
			if err := first(t, connectortest.Open(t, h, "security", security, "ca", h.sim.CA())); err != nil {
				t.Error(err)
			}
			h.log.Reset()
			want(t, first(t, connectortest.Open(t, h, "security", security)), connectors.Denied, "set ca")
			other := imaptest.New(imaptest.Options{})
			want(t, first(t, connectortest.Open(t, h, "security", security, "ca", other.CA())), connectors.Denied, "set ca")
			if n := h.log.Totals().Requests; n != 0 {
				t.Errorf("%d commands were sent to a server that is not trusted", n)
			}
		})
	}
}

// TestRefusedPassword is Denied, and says what to do.
func TestRefusedPassword(t *testing.T) {
	h := newHarness(t, nil)
	opened := connectortest.Open(t, h, "password", "wrong")
	want(t, first(t, opened), connectors.Denied, "AUTHENTICATIONFAILED")
	list, err := opened.(connectors.Checker).Check(t.Context())
	if err != nil || len(list) != 1 || list[0].OK || !strings.Contains(list[0].Detail, "app password") {
		t.Errorf("check: %+v, %v", list, err)
	}
}

// tokens hands out tokens, another one after each that was refused.
type tokens struct {
	mu      sync.Mutex
	list    []string
	refused []string
}

func (s *tokens) Token(context.Context) (connectors.SignedIn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return connectors.SignedIn{Access: connectors.NewSecret(s.list[0])}, nil
}

func (s *tokens) Invalidate(access connectors.Secret) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refused = append(s.refused, access.Reveal())
	if len(s.list) > 1 {
		s.list = s.list[1:]
	}
}

// openWith opens a connection that signs in by OAuth.
func openWith(t testing.TB, s *tokens, settings map[string]any) any {
	t.Helper()
	settings["sign_in"], settings["client_id"], settings["client_secret"] = "google", "id", "secret"
	v, problems := imap.Connector.Spec.Parse(settings)
	if problems != nil {
		t.Fatal(problems)
	}
	opened, err := imap.Connector.Open(connectors.Env{Connection: "mail", Settings: v, Now: time.Now, Tokens: s})
	if err != nil {
		t.Fatal(err)
	}
	return opened
}

// TestSignInByToken: one that works, one that had expired and is renewed once, and one that is refused for good.
func TestSignInByToken(t *testing.T) {
	sim := imaptest.New(imaptest.Options{Tokens: func(token string) bool { return token == "ya29.good" }})
	address, err := sim.Listen("")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sim.Close() })
	settings := func() map[string]any { return at(address, "security", "none", "user", imaptest.DefaultUser) }
	if err := first(t, openWith(t, &tokens{list: []string{"ya29.good"}}, settings())); err != nil {
		t.Error(err)
	}
	renewed := &tokens{list: []string{"ya29.old", "ya29.good"}}
	if err := first(t, openWith(t, renewed, settings())); err != nil || len(renewed.refused) != 1 {
		t.Errorf("got %v after %d refusals", err, len(renewed.refused))
	}
	bad := &tokens{list: []string{"ya29.old", "ya29.older", "ya29.good"}}
	want(t, first(t, openWith(t, bad, settings())), connectors.Denied, "refuses the token")
	if len(bad.refused) != 1 {
		t.Errorf("%d tokens were renewed, want one try", len(bad.refused))
	}
	list, err := openWith(t, bad, settings()).(connectors.Checker).Check(t.Context())
	if err != nil || len(list) == 0 {
		t.Errorf("check: %+v, %v", list, err)
	}
}

// TestDovecotTakesTokens: XOAUTH2 against a real server, which asks whether a token is good.
func TestDovecotTakesTokens(t *testing.T) {
	ask := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer ya29.good" {
			w.WriteHeader(http.StatusUnauthorized)
			_, _ = w.Write([]byte(`{"active":false,"error":"invalid_token"}`))
			return
		}
		_, _ = w.Write([]byte(`{"active":true,"username":"` + dovecottest.User + `"}`))
	}))
	t.Cleanup(ask.Close)
	s := dovecottest.Start(t, dovecottest.Options{Introspect: ask.URL + "/"})
	settings := func() map[string]any { return at(s.TLS, "ca", s.CA, "user", dovecottest.User) }
	renewed := &tokens{list: []string{"ya29.old", "ya29.good"}}
	if err := first(t, openWith(t, renewed, settings())); err != nil || len(renewed.refused) != 1 {
		t.Errorf("got %v after %d refusals, want a renewed token to work\n%s", err, len(renewed.refused), s.Log())
	}
	want(t, first(t, openWith(t, &tokens{list: []string{"ya29.old"}}, settings())), connectors.Denied, "refuses the token")
}

// TestDovecotIsChecked: a real server is found in order, over TLS and STARTTLS, and a wrong password is refused.
func TestDovecotIsChecked(t *testing.T) {
	s := dovecottest.Start(t, dovecottest.Options{})
	s.Client(t).Append("INBOX", "", letters(0, 3)...)
	for security, address := range map[string]string{"tls": s.TLS, "starttls": s.Plain} {
		list, err := open(t, at(address, "ca", s.CA, "security", security)).(connectors.Checker).Check(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, f := range list {
			if !f.OK {
				t.Errorf("%s: %+v", security, f)
			}
			text += f.What + ": " + f.Detail + "\n"
		}
		for _, part := range []string{"encrypted", "3 with 3 messages: INBOX, Archive, Sent", "not read: Drafts, Junk, Trash", "IDLE"} {
			if !strings.Contains(text, part) {
				t.Errorf("%s: the check does not say %q:\n%s", security, part, text)
			}
		}
	}
	want(t, first(t, open(t, at(s.TLS, "ca", s.CA, "password", "wrong"))), connectors.Denied, "AUTHENTICATIONFAILED")
	list, err := open(t, at(s.TLS, "ca", s.CA, "watch", []any{"Nowhere"}, "folders", []any{"None"})).(connectors.Checker).Check(t.Context())
	if err != nil || len(list) < 5 || list[2].OK || list[4].OK {
		t.Errorf("a folder that is not there: %+v, %v", list, err)
	}
}

// TestSettingsAreChecked: what cannot work is refused before anything is asked.
func TestSettingsAreChecked(t *testing.T) {
	for problem, change := range map[string]map[string]any{
		"set host":            {},
		"set password":        {"host": "imap.example.com", "password": ""},
		"client_id":           {"sign_in": "google"},
		"needs tenant":        {"sign_in": "microsoft", "grant": "client_credentials", "client_id": "x", "client_secret": "y"},
		"no such grant":       {"sign_in": "google", "grant": "client_credentials", "client_id": "x", "client_secret": "y"},
		"needs grant_url":     {"host": "h", "sign_in": "oauth", "client_id": "x"},
		"no certificate":      {"host": "h", "ca": "-----"},
		"no address":          {"host": "h", "own": []any{"ours"}},
		"is no day":           {"host": "h", "since": "1 May"},
		"page_size":           {"host": "h", "page_size": 5000},
		"idle is":             {"host": "h", "idle": "28m"},
		"without a scheme":    {"host": "imaps://h"},
		"a pattern is not":    {"host": "h", "folders": []any{""}},
		"watch: a folder has": {"host": "h", "watch": []any{""}},
	} {
		raw := map[string]any{"user": "sales@ours.example", "password": "p"}
		for k, v := range change {
			raw[k] = v
		}
		v, problems := imap.Connector.Spec.Parse(raw)
		if problems != nil {
			t.Fatal(problems)
		}
		if _, err := imap.Connector.Open(connectors.Env{Settings: v, Now: time.Now}); err == nil || !strings.Contains(err.Error(), problem) {
			t.Errorf("%v: got %v, want %q", change, err, problem)
		}
	}
}

// TestConfigurationIsLookedAt: a connection that nobody signed in opens, and reads nothing.
func TestConfigurationIsLookedAt(t *testing.T) {
	h := newHarness(t, nil)
	v, _ := imap.Connector.Spec.Parse(map[string]any{"host": h.host, "port": h.port, "security": "none", "user": "u", "sign_in": "google", "client_id": "x"})
	opened, err := imap.Connector.Open(connectors.Env{Settings: v, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	want(t, first(t, opened), connectors.Denied, "not signed in")
	if _, err := opened.(connectors.Feeder).Follow(t.Context(), "INBOX", ""); connectors.KindOf(err) != connectors.Denied {
		t.Errorf("follow: %v", err)
	}
	if n := h.log.Totals().Connections; n != 0 {
		t.Errorf("%d connections were made", n)
	}
}
