package work

import (
	"testing"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

func TestNameOfIsTheBestThereIs(t *testing.T) {
	for _, c := range []struct {
		field, value, want string
	}{
		{"name.full", `"Ana Novak"`, "Ana Novak"},
		{"name.given", `"Ana"`, "Ana"},
		{"emails", `[{"address":"ana@acme.example"}]`, "ana@acme.example"},
		{"title", `"CEO"`, "per_1"},
	} {
		p := canonical.Profile{Kind: canonical.Person, Fields: []canonical.Field{{Name: c.field, Value: []byte(c.value)}}}
		e := Entity{ID: "per_1", Kind: canonical.Person,
			Golden: identity.Merge(canonical.Person, []identity.Source{{Ref: "hs/contacts/1", Live: true, Profile: &p}}, nil)}
		if got := NameOf(&e); got != c.want {
			t.Errorf("%s: got %q, want %q", c.field, got, c.want)
		}
	}
}
