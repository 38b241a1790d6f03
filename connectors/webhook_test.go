package connectors_test

import (
	"testing"

	"github.com/millrace/millrace/connectors"
)

// TestShowsSecret: the whole last part of the path, and never a secret that could be guessed.
func TestShowsSecret(t *testing.T) {
	const secret = "0123456789abcdef"
	for name, c := range map[string]struct {
		path, secret string
		want         bool
	}{
		"the end":      {"/millrace/mail/" + secret, secret, true},
		"a slash more": {"/millrace/mail/" + secret + "/", secret, true},
		"another":      {"/millrace/mail/0123456789abcdeF", secret, false},
		"a part of it": {"/millrace/mail/x" + secret, secret, false},
		"in between":   {"/millrace/" + secret + "/mail", secret, false},
		"too short":    {"/millrace/mail/0123456789abcde", "0123456789abcde", false},
		"none":         {"/millrace/mail/", "", false},
		"no path":      {"", "", false},
	} {
		if got := (connectors.Delivery{Path: c.path}).ShowsSecret(connectors.NewSecret(c.secret)); got != c.want {
			t.Errorf("%s: got %v, want %v", name, got, c.want)
		}
	}
}
