package sandbox_test

import (
	"reflect"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/connectors/sandbox"
)

func TestGenerateIsAFunctionOfItsArguments(t *testing.T) {
	a, b, c := sandbox.Generate(7, 300), sandbox.Generate(7, 300), sandbox.Generate(8, 300)
	if !reflect.DeepEqual(a, b) {
		t.Error("Generate(7, 300) twice: got two different worlds, want the same")
	}
	if reflect.DeepEqual(a, c) {
		t.Error("Generate with seeds 7 and 8: got the same world, want different ones")
	}
}

func TestGenerateHoldsTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(-1, 400).Draw(t, "n")
		c := sandbox.Generate(rapid.Uint64().Draw(t, "seed"), n)
		if got, want := len(c.People), max(0, n); got != want {
			t.Fatalf("people: got %d, want %d", got, want)
		}
		emails, phones := map[string]bool{}, map[string]bool{}
		for _, p := range c.People {
			if emails[p.Email] || (p.Phone != "" && phones[p.Phone]) {
				t.Fatalf("person %s %s: e-mail %s or phone %s is somebody else's too", p.Given, p.Family, p.Email, p.Phone)
			}
			emails[p.Email], phones[p.Phone] = true, true
			if strings.ContainsFunc(p.Email, func(r rune) bool { return r > unicode.MaxASCII || r == ' ' }) {
				t.Fatalf("e-mail %q: want ASCII without blanks", p.Email)
			}
			if p.Organization >= 0 && !strings.HasSuffix(p.Email, "@"+c.Organizations[p.Organization].Domain) {
				t.Fatalf("e-mail %q: want the domain of %q", p.Email, c.Organizations[p.Organization].Name)
			}
		}
		for _, d := range c.Deals {
			if c.People[d.Person].Organization != d.Organization || d.Stage > 4 || d.Close.Before(d.Created) {
				t.Fatalf("deal %+v does not fit its person %+v", d, c.People[d.Person])
			}
		}
		domains := map[string]bool{}
		for _, o := range c.Organizations {
			if domains[o.Domain] {
				t.Fatalf("domain %s: got it twice, want it once", o.Domain)
			}
			domains[o.Domain] = true
		}
	})
}
