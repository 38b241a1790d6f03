package identity

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
)

// record makes a member of claims, as a ledger does.
func record(t testing.TB, r *Resolver, kind canonical.Kind, ref string, claims map[string]any, same ...string) Member {
	t.Helper()
	p := profile(t, kind, claims)
	p.Same = same
	return Member{Ref: ref, Kind: kind, Live: true, Keys: r.Keys(p, ref), Facts: r.FactsOf(p)}
}

type claims = map[string]any

func phone(kind string) []canonical.PhoneNumber {
	return []canonical.PhoneNumber{{Raw: "+49 171 2345678", E164: "+491712345678", Type: kind}}
}

// Every row of the model's tables of deterministic keys.
func TestRules(t *testing.T) {
	joins := NewResolver(Settings{Person: Bands{Medium: true}, Organization: Bands{Medium: true}})
	gmail := NewResolver(Settings{Options: Options{Gmail: true, Plus: []string{"fastmail.com"}}})
	ana := claims{"name.given": "Ana", "name.family": "Marić"}
	with := func(base claims, more claims) claims {
		all := claims{}
		for _, c := range []claims{base, more} {
			for k, v := range c {
				all[k] = v
			}
		}
		return all
	}
	for _, c := range []struct {
		name string
		r    *Resolver
		kind canonical.Kind
		a, b claims
		band Band
		rule string
		veto string
	}{
		{"P4 an address", plain, canonical.Person, claims{"emails": []string{"Ana@acme.example"}}, claims{"emails": []string{"ana@ACME.example"}}, Auto, "e-mail address", ""},
		{"P4 a role's address", plain, canonical.Person, claims{"emails": []string{"info@acme.example"}}, claims{"emails": []string{"info@acme.example"}}, Ignore, "", ""},
		{"P5 a mailbox without the option", plain, canonical.Person, with(ana, claims{"emails": []string{"a.na+x@gmail.com"}}), with(ana, claims{"emails": []string{"ana@googlemail.com"}}), Ignore, "", ""},
		{"P5 a mailbox and names", gmail, canonical.Person, with(ana, claims{"emails": []string{"a.na+x@gmail.com"}}), with(ana, claims{"emails": []string{"ana@googlemail.com"}}), Auto, "mailbox and name", ""},
		{"P5 a mailbox alone", gmail, canonical.Person, claims{"emails": []string{"ana+x@fastmail.com"}}, claims{"emails": []string{"ana@fastmail.com"}}, Ignore, "", ""},
		{"P6 a mobile and names", plain, canonical.Person, with(ana, claims{"phones": phone("mobile")}), claims{"name.given": "A.", "name.family": "Maric", "phones": phone("")}, Auto, "mobile number and name", ""},
		{"P6 a mobile and other names", plain, canonical.Person, with(ana, claims{"phones": phone("mobile")}), claims{"name.given": "Bo", "name.family": "Li", "phones": phone("mobile")}, Ignore, "", ""},
		{"P7 name and birthday", plain, canonical.Person, with(ana, claims{"birthday": "1991-08-03"}), with(ana, claims{"birthday": "1991-08-03"}), Review, "full name and birthday", ""},
		{"P7 name and birthday by policy", joins, canonical.Person, with(ana, claims{"birthday": "1991-08-03"}), claims{"name.given": "MARIC", "name.family": "ana", "birthday": "1991-08-03"}, Auto, "full name and birthday", ""},
		{"P7 an umlaut written out", plain, canonical.Person, claims{"name.given": "Jürgen", "name.family": "Krüger", "birthday": "1991-08-03"}, claims{"name.given": "Juergen", "name.family": "Krueger", "birthday": "1991-08-03"}, Review, "full name and birthday", ""},
		{"P7 name and employer", plain, canonical.Person, with(ana, claims{"company": "Acme GmbH"}), with(ana, claims{"company": "ACME"}), Review, "full name and employer", ""},
		{"P7 name and employer's domain", plain, canonical.Person, with(ana, claims{"emails": []string{"ana@acme.de"}}), with(ana, claims{"emails": []string{"maric@acme.de"}}), Review, "full name and employer", ""},
		{"P7 not by free mail", plain, canonical.Person, with(ana, claims{"emails": []string{"ana@gmail.com"}}), with(ana, claims{"emails": []string{"maric@gmail.com"}}), Ignore, "", ""},
		{"P8 a phone alone", plain, canonical.Person, claims{"phones": phone("mobile")}, claims{"phones": phone("mobile")}, Ignore, "", ""},
		{"P8 a name alone", plain, canonical.Person, ana, ana, Ignore, "", ""},
		{"birthdays part", plain, canonical.Person, claims{"emails": []string{"a@b.example"}, "birthday": "1991-08-03"}, claims{"emails": []string{"a@b.example"}, "birthday": "1972-01-13"}, Review, "e-mail address", "different birthdays"},
		{"a mistyped birthday does not", plain, canonical.Person, claims{"emails": []string{"a@b.example"}, "birthday": "1991-08-03"}, claims{"emails": []string{"a@b.example"}, "birthday": "1991-03-08"}, Review, "e-mail address", "different birthdays"},
		{"one digit does not", plain, canonical.Person, claims{"emails": []string{"a@b.example"}, "birthday": "1991-08-03"}, claims{"emails": []string{"a@b.example"}, "birthday": "1991-08-04"}, Auto, "e-mail address", ""},
		{"O5 a domain", plain, canonical.Organization, claims{"domains": []string{"acme.example"}}, claims{"domains": []string{"acme.example"}}, Auto, "domain", ""},
		{"O5 a mail host", plain, canonical.Organization, claims{"domains": []string{"t-online.de"}}, claims{"domains": []string{"t-online.de"}}, Ignore, "", ""},
		{"O6 name and place", joins, canonical.Organization, claims{"name": "Acme d.o.o."}, claims{"name": "ACME"}, Ignore, "", ""},
	} {
		a, b := record(t, c.r, c.kind, "hs/o/1", c.a), record(t, c.r, c.kind, "sf/o/1", c.b)
		for _, v := range []Verdict{c.r.Compare(&a, &b), c.r.Compare(&b, &a)} {
			if v.Band != c.band || v.Rule != c.rule || v.Veto != c.veto {
				t.Errorf("%s: %v by %q, veto %q; want %v by %q, veto %q", c.name, v.Band, v.Rule, v.Veto, c.band, c.rule, c.veto)
			}
		}
		if v := c.r.Explain(&a, &b); c.rule != "" && (len(v.Evidence) == 0 || v.Evidence[0].Rule != c.rule || v.Evidence[0].Value == "") {
			t.Errorf("%s: evidence %+v; want %s with what both share", c.name, v.Evidence, c.rule)
		}
	}
}

// Two records that are linked to different records of one CRM are kept apart by that CRM.
func TestContradictoryLinksPart(t *testing.T) {
	a := record(t, plain, canonical.Person, "hs/contacts/1", claims{"emails": []string{"a@b.example"}}, "sf/Contact/1")
	b := record(t, plain, canonical.Person, "zd/users/1", claims{"emails": []string{"a@b.example"}}, "sf/Contact/2")
	want := "linked to different records of sf/Contact"
	if v := plain.Compare(&a, &b); v.Band != Review || v.Veto != want {
		t.Errorf("verdict = %v, veto %q; want review, %q", v.Band, v.Veto, want)
	}
	o := plain.Cluster([]Member{a, b}, nil)
	if len(o.Clusters) != 2 || len(o.Review) != 1 || o.Review[0].Refused != want {
		t.Errorf("outcome = %+v; want two clusters and the pair for review: %s", o, want)
	}
	merged := record(t, plain, canonical.Person, "sf/Contact/3", claims{"emails": []string{"a@b.example"}}, "sf/Contact/1")
	other := record(t, plain, canonical.Person, "sf/Contact/4", claims{"emails": []string{"a@b.example"}}, "sf/Contact/2")
	if v := plain.Compare(&merged, &other); v.Veto != "" {
		t.Errorf("merges within a connection are a veto: %s", v.Veto)
	}
}

// What identifies nobody says why.
func TestIgnoredSaysWhy(t *testing.T) {
	person := profile(t, canonical.Person, claims{
		"emails": []canonical.EmailAddress{{Address: "info@acme.example"}, {Address: "noreply@acme.example"}, {Address: "ana.maric@example.com"}},
		"phones": []canonical.PhoneNumber{{Raw: "0000000000"}, {Raw: "12345678"}, {Raw: "555-0132"}, {Raw: "+1 202 456 1111", E164: "+12024561111", Type: "fax"}}, "birthday": "1370-05-12"})
	org := profile(t, canonical.Organization, claims{"domains": []string{"t-online.de", "siemens.com"}, "name": "Unknown"})
	r := NewResolver(Settings{Options: Options{Group: []string{"siemens.com"}}})
	for _, c := range []struct {
		p    *canonical.Profile
		want []string
	}{
		{person, []string{"emails info@acme.example a role address", "emails noreply@acme.example the address of a machine", "emails ana.maric@example.com its domain is blocked",
			"phones 0000000000 a placeholder", "phones 12345678 a placeholder", "phones 555-0132 not a valid number with its country code", "birthday 1370-05-12 not a plausible date"}},
		{org, []string{"domains t-online.de a domain where anybody gets an address", "domains siemens.com the domain of a group", "name unknown a placeholder"}},
	} {
		_, ignored := r.Examine(c.p, "a/b/1")
		var got []string
		for _, i := range ignored {
			got = append(got, fmt.Sprintf("%s %s %s", i.Field, i.Value, i.Reason))
		}
		for _, want := range c.want {
			if !strings.Contains(strings.Join(got, "\n"), want) {
				t.Errorf("ignored:\n%s\nwant %q among them", strings.Join(got, "\n"), want)
			}
		}
	}
}

// An unusable value joins nobody, whatever it is.
func TestPlaceholdersJoinNobody(t *testing.T) {
	for _, p := range []string{"0000000000", "+000000000000", "111111111", "1234567890", "0", "+49 000 0000000"} {
		if !fakeNumber(p) {
			t.Errorf("%s passes for a phone number", p)
		}
	}
	for _, p := range []string{"+491712345678", "+12024561111", "+385 1 555 0100"} {
		if fakeNumber(p) {
			t.Errorf("%s does not pass for a phone number", p)
		}
	}
	for _, s := range []string{"", "0", "000-000", "-1", "NULL", "n/a", " None ", "unknown", "Test", "anonymous", "-"} {
		if !placeholder(s) {
			t.Errorf("%q passes for a value", s)
		}
	}
}

// Two Ana Marićs with an address each; a third record has both. One cluster, until a person says otherwise.
func TestDecisionsOutweighEverything(t *testing.T) {
	a := member("hs/contacts/1", 1, true, email("a"), RefKey("sf/Contact/9"))
	b := member("sf/Contact/9", 2, true, email("b"))
	c := member("zd/users/3", 3, true, email("b"))
	d := member("zd/users/4", 4, true)
	all := []Member{a, b, c, d}
	for _, x := range []struct {
		name      string
		decisions []Decision
		want      string
	}{
		{"none", nil, "[[hs/contacts/1 sf/Contact/9 zd/users/3] [zd/users/4]]"},
		{"apart beats a must-link", []Decision{{"hs/contacts/1", "sf/Contact/9", false}}, "[[hs/contacts/1] [sf/Contact/9 zd/users/3] [zd/users/4]]"},
		{"apart beats likeness, also within a cluster", []Decision{{"hs/contacts/1", "zd/users/3", false}}, "[[hs/contacts/1 sf/Contact/9] [zd/users/3] [zd/users/4]]"},
		{"same joins what nothing joins", []Decision{{"hs/contacts/1", "zd/users/4", true}}, "[[hs/contacts/1 sf/Contact/9 zd/users/3 zd/users/4]]"},
		{"what is not there is no matter", []Decision{{"a/b/1", "zd/users/4", true}, {"hs/contacts/1", "z/z/z", false}}, "[[hs/contacts/1 sf/Contact/9 zd/users/3] [zd/users/4]]"},
	} {
		o := plain.Cluster(all, x.decisions)
		if got := fmt.Sprint(refs(all, o.Clusters)); got != x.want {
			t.Errorf("%s: %s; want %s", x.name, got, x.want)
		}
	}
	o := plain.Cluster(all, []Decision{{"hs/contacts/1", "sf/Contact/9", false}})
	if len(o.Review) != 1 || o.Review[0].Refused != "kept apart by a person" {
		t.Errorf("review = %+v; want the pair that a person keeps apart", o.Review)
	}
}

// A pair that looks alike does not chain two groups of strangers: two of the three that would be joined to c contradict it.
func TestGuardBreaksChains(t *testing.T) {
	org := func(ref, name string, first uint64, keys ...Key) Member {
		m := company(ref, first, keys...)
		m.Facts = &compare.Facts{Kind: canonical.Organization, Name: strings.Fields(name)}
		return m
	}
	list := []Member{
		org("a/c/1", "alpha bakery", 1, domain("alpha.example")), org("b/c/2", "alpha bakery", 2, domain("alpha.example")),
		org("c/c/3", "zulu mining works", 3, domain("zulu.example")), org("d/c/4", "zulu mining works", 4, domain("zulu.example"), domain("alpha.example")),
	}
	o := plain.Cluster(list, nil)
	if got := fmt.Sprint(refs(list, o.Clusters)); got != "[[a/c/1 b/c/2 d/c/4] [c/c/3]]" {
		t.Errorf("clusters = %s; want the bakery without the mine", got)
	}
	if len(o.Review) == 0 || !strings.Contains(o.Review[0].Refused, "contradict") {
		t.Errorf("review = %+v; want the pair that was refused, with why", o.Review)
	}
}

// A component of 300 records that share a little with their neighbours does not become one customer.
func TestLongChainStopsAtTheLimit(t *testing.T) {
	var list []Member
	for i := range 300 {
		list = append(list, member(fmt.Sprintf("hs/contacts/%03d", i), uint64(i+1), true, email(fmt.Sprint(i)), email(fmt.Sprint(i+1))))
	}
	o := plain.Cluster(list, nil)
	for _, c := range o.Clusters {
		if len(c) > MaxCluster {
			t.Fatalf("a cluster of %d records; want at most %d", len(c), MaxCluster)
		}
	}
	said := false
	for _, link := range o.Review {
		said = said || strings.Contains(link.Refused, "more than 50")
	}
	if !said {
		t.Errorf("no refused pair says that the customer would be too large: %+v", o.Review)
	}
}

func BenchmarkCompare(b *testing.B) {
	one := record(b, plain, canonical.Person, "hs/contacts/1", claims{"name.given": "Ana", "name.family": "Marić", "emails": []string{"ana@acme.example"}, "phones": phone("mobile"), "birthday": "1991-08-03", "company": "Acme"})
	two := record(b, plain, canonical.Person, "sf/Contact/1", claims{"name.given": "Bo", "name.family": "Li", "emails": []string{"bo@acme.example"}, "phones": phone("mobile"), "birthday": "1991-08-03", "company": "Acme"})
	for b.Loop() {
		plain.Compare(&one, &two)
	}
}
