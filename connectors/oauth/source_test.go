package oauth_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/oauth"
)

func TestManyCallersCauseOneRefresh(t *testing.T) {
	b := setUp(t)
	b.vendor.gate = make(chan struct{})
	c := b.config()
	c.Store = unlocked{b.shelf} // nothing but the single flight may join them
	s, err := oauth.New(c)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	started := make(chan struct{}, 50)
	for range 50 {
		wg.Go(func() {
			started <- struct{}{}
			if got, err := s.Token(t.Context()); err != nil || got.Access.Reveal() != "access-secret-1" {
				t.Errorf("got %q, %v, want the one new token", got.Access.Reveal(), err)
			}
		})
	}
	for range 50 {
		<-started
	}
	close(b.vendor.gate)
	wg.Wait()
	if got := b.vendor.count(); got != 1 {
		t.Errorf("got %d refreshes, want 1", got)
	}
}

func TestTokenIsDurableBeforeItIsUsed(t *testing.T) {
	b := setUp(t)
	s := b.source(t)
	b.shelf.refuseWith(errDisk)
	if got, err := s.Token(t.Context()); err == nil || connectors.KindOf(err) != connectors.Temporary || !got.Access.IsZero() {
		t.Fatalf("got %q, %v, want no token and a Temporary error while it cannot be saved", got.Access.Reveal(), err)
	}
	b.shelf.refuseWith(nil)
	mustToken(t, s, "access-secret-1")
	if got := b.vendor.count(); got != 1 {
		t.Errorf("got %d refreshes, want 1: the unsaved token must be kept, its refresh token is spent", got)
	}
	stored, err := b.shelf.Load(t.Context(), "sf-prod")
	if err != nil || stored.Refresh.Reveal() != "refresh-secret-1" {
		t.Errorf("got stored refresh token %q, %v, want the rotated one", stored.Refresh.Reveal(), err)
	}
}

func TestStoredTokenWinsOverConfiguredOne(t *testing.T) {
	b := setUp(t)
	mustToken(t, b.source(t), "access-secret-1")
	again := b.source(t) // a new process, with the configured refresh token long spent
	mustToken(t, again, "access-secret-1")
	again.Invalidate(connectors.NewSecret("access-secret-1"))
	mustToken(t, again, "access-secret-2")
}

func TestTokenRotatedByAnotherProcessIsAdopted(t *testing.T) {
	b := setUp(t)
	one, other := b.source(t), b.source(t)
	first := mustToken(t, one, "access-secret-1")
	mustToken(t, other, "access-secret-1")
	other.Invalidate(first.Access)
	mustToken(t, other, "access-secret-2")
	one.Invalidate(first.Access)
	mustToken(t, one, "access-secret-2")
	if got := b.vendor.count(); got != 2 {
		t.Errorf("got %d refreshes, want 2", got)
	}
}

func TestProcessesNeverSpendOneTokenTwice(t *testing.T) {
	b := setUp(t)
	var wg sync.WaitGroup
	for range 8 {
		s := b.source(t)
		wg.Go(func() {
			for range 10 {
				got, err := s.Token(t.Context())
				if err != nil {
					t.Errorf("got %v, want a token", err)
					return
				}
				s.Invalidate(got.Access)
			}
		})
	}
	wg.Wait()
}

func TestInvalidateOfAnOldTokenDoesNothing(t *testing.T) {
	b := setUp(t)
	s := b.source(t)
	first := mustToken(t, s, "access-secret-1")
	s.Invalidate(first.Access)
	mustToken(t, s, "access-secret-2")
	s.Invalidate(first.Access)
	s.Invalidate(connectors.Secret{})
	mustToken(t, s, "access-secret-2")
}

func TestExpiry(t *testing.T) {
	b := setUp(t)
	b.vendor.expiresIn = 1800
	s := b.source(t)
	mustToken(t, s, "access-secret-1")
	b.clock = b.clock.Add(28 * time.Minute)
	mustToken(t, s, "access-secret-1")
	b.clock = b.clock.Add(90 * time.Second) // within the minute before expiry
	b.vendor.expiresIn = 10
	mustToken(t, s, "access-secret-2")
	mustToken(t, s, "access-secret-2") // shorter than the slack, and still used
	b.clock = b.clock.Add(9 * time.Second)
	b.vendor.expiresIn = 0
	mustToken(t, s, "access-secret-3")
	b.clock = b.clock.Add(1000 * time.Hour)
	mustToken(t, s, "access-secret-3") // no expiry: until the vendor refuses it
}

func TestRefusals(t *testing.T) {
	cases := []struct {
		status int
		body   string
		want   connectors.Kind
	}{
		{400, `{"error":"invalid_grant","error_description":"hush"}`, connectors.Denied},
		{401, `{"error":"invalid_client"}`, connectors.Denied},
		{200, `{"error":"invalid_grant"}`, connectors.Denied},
		{400, `{"status":"BAD_REFRESH_TOKEN","message":"hush"}`, connectors.Denied},
		{404, `<html>hush`, connectors.Denied},
		{400, `{"error":"temporarily_unavailable"}`, connectors.Temporary},
		{500, `hush`, connectors.Temporary},
		{503, ``, connectors.Temporary},
		{200, `<html>hush`, connectors.Temporary},
		{200, `{}`, connectors.Temporary},
		{302, ``, connectors.Temporary},
		{429, `{}`, connectors.Limited},
	}
	for _, c := range cases {
		b := setUp(t)
		b.vendor.answer = func(w http.ResponseWriter) bool {
			w.Header().Set("Content-Type", "application/json")
			w.Header().Set("Retry-After", "9")
			w.Header().Set("Location", "http://elsewhere.invalid/")
			w.WriteHeader(c.status)
			fmt.Fprint(w, c.body)
			return true
		}
		_, err := b.source(t).Token(t.Context())
		if connectors.KindOf(err) != c.want || err == nil {
			t.Errorf("%d %s: got %v, want %v", c.status, c.body, err, c.want)
		}
		if strings.Contains(err.Error(), "hush") {
			t.Errorf("%d: error %q shows the answer", c.status, err)
		}
		if got := b.vendor.count(); got != 1 {
			t.Errorf("%d: got %d requests, want 1: a refusal is not retried here", c.status, got)
		}
		if c.want == connectors.Limited && connectors.After(err) != 9*time.Second {
			t.Errorf("got wait %v, want 9s", connectors.After(err))
		}
	}
}

func TestNewlyConfiguredTokenReplacesADeadStoredOne(t *testing.T) {
	b := setUp(t)
	s := b.source(t)
	first := mustToken(t, s, "access-secret-1")
	b.vendor.valid = "refresh-secret-0" // the person signed in again and configured the new one
	s.Invalidate(first.Access)
	mustToken(t, s, "access-secret-2")
}

func TestNoRefreshTokenIsDenied(t *testing.T) {
	b := setUp(t)
	c := b.config()
	c.OAuth.RefreshToken = connectors.Secret{}
	s, err := oauth.New(c)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Token(t.Context())
	if connectors.KindOf(err) != connectors.Denied || b.vendor.count() != 0 || !strings.Contains(err.Error(), "not signed in yet; sign in with `millrace auth sf-prod`") {
		t.Errorf("got %v after %d requests, want Denied without a request, and what to do", err, b.vendor.count())
	}
}

func TestStuckRefreshBlocksNobodyBeyondItsTimeout(t *testing.T) {
	b := setUp(t)
	b.vendor.gate = make(chan struct{})
	c := b.config()
	c.Timeout = 100 * time.Millisecond
	s, err := oauth.New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err = s.Token(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want the caller's own deadline", err)
	}
	if _, err = s.Token(t.Context()); connectors.KindOf(err) != connectors.Temporary || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want Temporary", err)
	}
	b.vendor.open() // for the next request; the stuck one stays stuck
	mustToken(t, s, "access-secret-1")
}

func TestRefreshGoesOnWhenItsCallerLeaves(t *testing.T) {
	b := setUp(t)
	b.vendor.gate = make(chan struct{})
	s := b.source(t)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() { _, err := s.Token(ctx); left <- err }()
	for b.vendor.count() == 0 {
		if t.Context().Err() != nil {
			t.Fatal("no refresh began")
		}
	}
	cancel()
	if err := <-left; !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
	close(b.vendor.gate)
	mustToken(t, s, "access-secret-1")
	if got := b.vendor.count(); got != 1 {
		t.Errorf("got %d refreshes, want 1: the first one went on", got)
	}
}

func TestExtraFieldsAreKept(t *testing.T) {
	b := setUp(t)
	s := b.source(t)
	first := mustToken(t, s, "access-secret-1")
	if got := first.Extra["instance_url"]; got != "https://eu1.vendor.example" {
		t.Errorf("got instance_url %q, want the vendor's", got)
	}
	s.Invalidate(first.Access)
	b.vendor.answer = func(w http.ResponseWriter) bool { // as Salesforce and Asana: no new refresh token
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"access_token":"access-secret-9"}`)
		return true
	}
	again := mustToken(t, s, "access-secret-9")
	if stored, err := b.shelf.Load(t.Context(), "sf-prod"); err != nil || stored.Refresh.Reveal() != "refresh-secret-1" {
		t.Errorf("got refresh token %q, %v, want the earlier one", stored.Refresh.Reveal(), err)
	}
	if again.Extra["instance_url"] != first.Extra["instance_url"] {
		t.Errorf("got %v, want the earlier instance_url", again.Extra)
	}
	if b.vendor.form["client_secret"] != "client-secret" || b.vendor.form["grant_type"] != "refresh_token" {
		t.Errorf("got form %v, want the client's credentials in it", b.vendor.form)
	}
}

func TestNothingPrintsATokens(t *testing.T) {
	b := setUp(t)
	s := b.source(t)
	mustToken(t, s, "access-secret-1")
	token, err := b.shelf.Load(t.Context(), "sf-prod")
	if err != nil || token.Access != mustToken(t, s, "access-secret-1").Access {
		t.Fatalf("got %v, want the stored token", err)
	}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, x := range []any{s, token, &token} {
			if got := fmt.Sprintf(format, x); strings.Contains(got, "secret-") {
				t.Errorf("%s of %T: got %s, want no secret", format, x, got)
			}
		}
	}
	if _, err := oauth.Parse([]byte(`{"access_token":"secret`)); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an error without the input", err)
	}
}

func TestTokenSurvivesTheStore(t *testing.T) {
	want := oauth.Token{Access: connectors.NewSecret("a"), Refresh: connectors.NewSecret("r"), Issued: time.Unix(1, 0).UTC(),
		Expiry: time.Unix(2, 0).UTC(), Client: "c@host", Extra: map[string]string{"id": "x"}}
	got, err := oauth.Parse(want.Reveal())
	if err != nil || fmt.Sprint(got) != fmt.Sprint(want) || got.Access != want.Access || got.Refresh != want.Refresh {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}
