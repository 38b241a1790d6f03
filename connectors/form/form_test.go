package form_test

import (
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/form"
)

func TestParse(t *testing.T) {
	v, err := form.Parse([]byte("type=subscribe&contact%5Bid%5D=7&contact[fields][Zo%C3%AB]=a+b%26c&list[][id]=1&list[][id]=2&empty=&&twice=1&twice=2"))
	if err != nil {
		t.Fatal(err)
	}
	for want, parts := range map[string][]string{"subscribe": {"type"}, "7": {"contact", "id"}, "a b&c": {"contact", "fields", "Zoë"}, "2": {"twice"}, "": {"empty"}} {
		if got := v.Get(parts...); got != want {
			t.Errorf("%v: got %q, want %q", parts, got, want)
		}
	}
	if got := v.All("list", "", "id"); fmt.Sprint(got) != "[1 2]" {
		t.Errorf("got %v, want both lists", got)
	}
	if !v.Has("empty") || v.Has("nothing") || v.Has("contact") || v.Len() != 8 {
		t.Errorf("got %v %v %v and %d fields", v.Has("empty"), v.Has("nothing"), v.Has("contact"), v.Len())
	}
}

// TestWhatIsNoForm is an error that shows nothing of it.
func TestWhatIsNoForm(t *testing.T) {
	for _, body := range []string{
		"", "&&", "secret", `{"secret":1}`, "<html>secret", "=secret", "[secret]=1", "a%5Bsecret=1", "a[secret=1", "a[b]secret=1", "a[b][=1",
		"a[=secret", "secret%zz=1", "a=secret%z", "secret\x00=1", "secret%00=1", strings.Repeat("secret", 100) + "=1",
		"secret" + strings.Repeat("[b]", form.MaxDepth) + "=1", strings.Repeat("a=1&", form.MaxFields+1), "a=" + strings.Repeat("x", form.MaxBody),
	} {
		if v, err := form.Parse([]byte(body)); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%.40q: got %d fields and %v, want an error that shows nothing", body, v.Len(), err)
		}
	}
}

func TestBytesThatAreNoTextAreReplaced(t *testing.T) {
	v, err := form.Parse([]byte("a=x%ffy"))
	if err != nil || v.Get("a") != "x\uFFFDy" {
		t.Errorf("got %q and %v, want the byte replaced", v.Get("a"), err)
	}
}

// FuzzParse: no body makes it fail otherwise than by an error, and a plain field is found as net/url finds it.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"a=1", "a[b][]=2&c=%C3%AB", "a[=1", "a[b]c=1", "%5B=1", "data[merges][EMAIL]=x%40y.example&data[merges][INTERESTS]=A%2C+B"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		v, err := form.Parse([]byte(body))
		if err != nil {
			if v.Len() != 0 || v.Has("a") {
				t.Error("got fields together with an error")
			}
			return
		}
		want, err := url.ParseQuery(body)
		if err != nil {
			return // net/url refuses semicolons, which PHP takes for text
		}
		for name, all := range want {
			if strings.ContainsAny(name, "[]") || name == "" {
				continue
			}
			if got := v.All(strings.ToValidUTF8(name, "\uFFFD")); len(got) < len(all) {
				t.Errorf("%q: got %d values, want %d", name, len(got), len(all))
			}
		}
	})
}
