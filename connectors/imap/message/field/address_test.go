package field

import (
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/imap/message/note"
)

// show writes a list as name|address; name|address.
func show(list []Address) string {
	var all []string
	for _, a := range list {
		all = append(all, a.Name+"|"+a.Address)
	}
	return strings.Join(all, "; ")
}

// Address lists as RFC 5322 has them, with its obsolete forms (4.4) and examples (A.1, A.5, A.6), and as they are found.
func TestAddresses(t *testing.T) {
	for name, c := range map[string]struct{ value, want string }{
		"bare":                         {"ann@example.com", "|ann@example.com"},
		"name":                         {"Ann Lee <ann@example.com>", "Ann Lee|ann@example.com"},
		"quoted name":                  {`"Lee, Ann" <ann@example.com>`, "Lee, Ann|ann@example.com"},
		"quote in a quote":             {`"Ann \"The Lee\" Lee" <ann@example.com>`, `Ann "The Lee" Lee|ann@example.com`},
		"dot in a name":                {"Ann B. Lee <ann@example.com>", "Ann B. Lee|ann@example.com"},
		"A.1.2":                        {`"Joe Q. Public" <john.q.public@example.com>`, "Joe Q. Public|john.q.public@example.com"},
		"A.1.2 list":                   {`Mary Smith <mary@x.test>, jdoe@example.org, Who? <one@y.test>`, "Mary Smith|mary@x.test; |jdoe@example.org; Who?|one@y.test"},
		"A.1.2 oddities":               {`<boss@nil.test>, "Giant; \"Big\" Box" <sysservices@example.net>`, `|boss@nil.test; Giant; "Big" Box|sysservices@example.net`},
		"A.1.3 group":                  {`A Group:Ed Jones <c@a.test>,joe@where.test,John <jdoe@one.test>;`, "Ed Jones|c@a.test; |joe@where.test; John|jdoe@one.test"},
		"A.1.3 empty group":            {`Undisclosed recipients:;`, ""},
		"A.5 comments":                 {`Pete(A nice \) chap) <pete(his account)@silly.test(his host)>`, "Pete|pete@silly.test"},
		"A.5 group with comments":      {`A Group(Some people):Chris Jones <c@(Chris's host.)public.example>, joe@example.org, John <jdoe@one.test> (my dear friend); (the end of the group)`, "Chris Jones|c@public.example; |joe@example.org; John|jdoe@one.test"},
		"A.6.1 route":                  {`Joe Q. Public <john.q.public@example.com>, <@node.test:mary@example.net>, , jdoe@test . example`, "Joe Q. Public|john.q.public@example.com; |mary@example.net; |jdoe@test.example"},
		"A.6.3 spaces":                 {`John Doe <jdoe@machine(comment).  example>`, "John Doe|jdoe@machine.example"},
		"name in a comment":            {"ann@example.com (Ann Lee)", "Ann Lee|ann@example.com"},
		"quoted local part":            {`"ann lee"@example.com`, `|"ann lee"@example.com`},
		"quoted local in brackets":     {`Ann <"ann lee"@example.com>`, `Ann|"ann lee"@example.com`},
		"needless quotes":              {`"ann"@example.com`, "|ann@example.com"},
		"domain in capitals":           {"Ann@Example.COM", "|Ann@example.com"},
		"dot at the end":               {"ann@example.com.", "|ann@example.com"},
		"domain literal":               {"ann@[192.0.2.1]", "|ann@[192.0.2.1]"},
		"IDN":                          {"Ann <ann@bücher.example>", "Ann|ann@xn--bcher-kva.example"},
		"SMTPUTF8":                     {"用户 <用户@例子.example>", "用户|用户@xn--fsqu00a.example"},
		"encoded name":                 {"=?utf-8?Q?Ann_M=C3=BCller?= <ann@example.com>", "Ann Müller|ann@example.com"},
		"encoded in quotes":            {`"=?utf-8?Q?M=C3=BCller=2C_Ann?=" <ann@example.com>`, "Müller, Ann|ann@example.com"},
		"encoded comma":                {"=?utf-8?Q?Lee=2C_Ann?= <ann@example.com>, b@example.com", "Lee, Ann|ann@example.com; |b@example.com"},
		"encoded address in the name":  {"=?utf-8?Q?boss=40ours.example_=3Cboss=40ours.example=3E?= <evil@example.com>", "boss@ours.example <boss@ours.example>|evil@example.com"},
		"split character in a name":    {"=?utf-8?B?TcO8bGzD?= =?utf-8?B?tg==?= <m@example.com>", "Müllö|m@example.com"},
		"semicolons between":           {"a@example.com; Ann <b@example.com>; c@example.com", "|a@example.com; Ann|b@example.com; |c@example.com"},
		"comma in a name":              {"Lee, Ann <ann@example.com>, b@example.com", "Lee, Ann|ann@example.com; |b@example.com"},
		"single quotes":                {"'Ann Lee' <ann@example.com>", "Ann Lee|ann@example.com"},
		"name is the address":          {"ann@example.com <ann@example.com>", "|ann@example.com"},
		"open bracket":                 {"Ann <ann@example.com, b@example.com", "Ann|ann@example.com; |b@example.com"},
		"open quote":                   {`"Ann <ann@example.com>`, "Ann|ann@example.com"},
		"open comment":                 {"Ann (the best <ann@example.com>", "Ann (the best|ann@example.com"},
		"link":                         {"Ann <mailto:ann@example.com>", "Ann|ann@example.com"},
		"twice in brackets":            {"Ann <<ann@example.com>>", "Ann|ann@example.com"},
		"only a name":                  {"Ann Lee", "Ann Lee|"},
		"nothing in brackets":          {"Ann <>", "Ann|"},
		"no domain":                    {"Ann <root>", "Ann|"},
		"X.400":                        {"/G=Ann/S=Lee/@gw.example.com", "|/G=Ann/S=Lee/@gw.example.com"},
		"bare bytes":                   {"M\xfcller <m@example.com>", "Müller|m@example.com"},
		"bare iso-2022-jp":             {"\x1b$BF|K\\8l\x1b(B <j@example.com>", "日本語|j@example.com"},
		"control characters":           {"A\x00nn <an\x00n@example.com>", "A nn|ann@example.com"},
		"two addresses without commas": {"Ann <ann@example.com> Ben <ben@example.com>", "Ann Ben|ann@example.com"},
		"commas only":                  {", ,,; ,", ""},
		"no brackets":                  {"Ann Lee ann@example.com", "Ann Lee|ann@example.com"},
		"open bracket, quote":          {`Open <open@x.example, "Not closed <q@x.example>`, "Open|open@x.example; Not closed|q@x.example"},
		"right to left":                {"\"\u202emoc.elpmaxe@nna\" <eve@example.com>", "\u202emoc.elpmaxe@nna|eve@example.com"},
	} {
		var notes note.List
		if got := show(Addresses([]byte(c.value), "", &notes)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// What is never closed is looked for a bounded number of times: without the bound, this takes minutes.
func TestOpenCommentsAreBounded(t *testing.T) {
	began := time.Now()
	for range 100 {
		Addresses([]byte(strings.Repeat("(", 64<<10)), "", nil)
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}

// A list of any length is read in time that grows with its length, and bounded.
func TestAddressesAreBounded(t *testing.T) {
	for name, value := range map[string]string{
		"many": strings.Repeat("a@example.com,", 60_000), "open quotes": strings.Repeat(`"`, 60_001), "open comments": strings.Repeat("(", 60_000),
		"open brackets": strings.Repeat("<", 60_000), "quotes": strings.Repeat(`"a"<b>(c),`, 6_000), "loose": strings.Repeat("a,", 30_000) + "<a@b.example>",
		"words": strings.Repeat("=?a?q?", 10_000), "groups": strings.Repeat("a:;", 20_000),
	} {
		list := Addresses([]byte(value[:min(len(value), 64<<10)]), "", nil)
		if len(list) > 1000 {
			t.Errorf("%s: got %d addresses", name, len(list))
		}
	}
}
