package ledger_test

import (
	"strings"
	"testing"
)

// What is kept of webhooks lies beside the token and replaces nothing of it; nobody reads it in the file.
func TestHooksLieBesideTheToken(t *testing.T) {
	m := newMemory()
	l := newWorld(t, m)
	if got, err := l.Hooks(t.Context(), "crm"); got != nil || err != nil {
		t.Fatalf("before anything was kept: got %q and %v", got, err)
	}
	for _, err := range []error{l.PutSecret(t.Context(), "crm", []byte("token")), l.PutHooks(t.Context(), "crm", []byte("s3cret hooks")),
		l.PutHooks(t.Context(), "desk", []byte("others"))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	if token, err := l.Secret(t.Context(), "crm"); err != nil || string(token) != "token" {
		t.Errorf("token: got %q and %v", token, err)
	}
	if hooks, err := l.Hooks(t.Context(), "crm"); err != nil || string(hooks) != "s3cret hooks" {
		t.Errorf("webhooks: got %q and %v", hooks, err)
	}
	for key, value := range m.rows {
		if strings.Contains(value, "s3cret") {
			t.Errorf("row %q shows the secret", key)
		}
		if strings.HasPrefix(key, "token\x00") && strings.HasSuffix(key, "crm\x00webhooks") {
			m.put(strings.TrimSuffix(key, "\x00webhooks"), value)
		}
	}
	if _, err := l.Secret(t.Context(), "crm"); err == nil {
		t.Error("secrets of webhooks opened in the place of the token")
	}
	if err := l.PutHooks(t.Context(), "crm/webhooks", nil); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Errorf("a name with a slash: got %v", err)
	}
}
