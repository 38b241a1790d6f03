package canonical

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestNormalForms(t *testing.T) {
	for _, c := range []struct {
		t    Type
		in   any
		want string
	}{
		{Text, "  Ana\t\u00a0 Mari\u0107 ", `"Ana Marić"`},
		{Text, "Mari\u0063\u0301", `"Marić"`},
		{Text, "a\x00b\x1bc\ufeff", `"abc"`},
		{Text, "می\u200cخواهم", "\"می\u200cخواهم\""},
		{Text, `a "b" \c`, `"a \"b\" \\c"`},
		{Text, "bad \xff utf8", "\"bad \uFFFD utf8\""},
		{Text, " \n ", `null`},
		{Text, nil, `null`},
		{Long, "one \r\n\r\n\r\n\r\ntwo\tthree\n", `"one\n\ntwo three"`},
		{Enum, " New Business ", `"new_business"`},
		{Enum, "\u1fba\u0345", "\"\u1fb2\""}, // the mark composes with the small letter only
		{Integer, "0012", `12`},
		{Integer, "12.0", `12`},
		{Integer, json.Number("-3"), `-3`},
		{Decimal, "+0012.500", `"12.5"`},
		{Decimal, "-.5", `"-0.5"`},
		{Decimal, "-0.00", `"0"`},
		{Decimal, "1.25e3", `"1250"`},
		{Decimal, "125e-4", `"0.0125"`},
		{Decimal, "9007199254740993.1", `"9007199254740993.1"`},
		{Money, "12500", `{"amount":"12500.00","currency":""}`},
		{Money, Amount{"12500.5000", "eur"}, `{"amount":"12500.50","currency":"EUR"}`},
		{Money, Amount{"1000", "JPY"}, `{"amount":"1000","currency":"JPY"}`},
		{Money, Amount{"1.5", "KWD"}, `{"amount":"1.500","currency":"KWD"}`},
		{Money, Amount{"", "EUR"}, `null`},
		{Bool, "TRUE", `true`},
		{Bool, "0", `false`},
		{Date, "2026-02-28", `"2026-02-28"`},
		{Date, "2026-02-28T23:59:00Z", `"2026-02-28"`},
		{Date, "1772236800000", `"2026-02-28"`},
		{Time, "2026-11-22T18:30:00.1239+01:00", `"2026-11-22T17:30:00.123Z"`},
		{Time, "2026-11-22T17:30:00.000+0000", `"2026-11-22T17:30:00.000Z"`},
		{Time, "1795368600000", `"2026-11-22T17:30:00.000Z"`},
		{Time, time.Date(2026, 11, 22, 17, 30, 0, 0, time.UTC), `"2026-11-22T17:30:00.000Z"`},
		{Email, "Ana@B\u00dccher.example", `[{"address":"ana@xn--bcher-kva.example","display":"Ana@BÜcher.example"}]`},
		{Email, "ana@b.example", `[{"address":"ana@b.example"}]`},
		{Email, []string{"a@b.example", "A@B.example"}, `[{"address":"a@b.example"}]`},
		{Email, []string{"ren\u00e9@b.example", "RENE\u0301@b.example"}, "[{\"address\":\"ren\u00e9@b.example\"}]"}, // two spellings of one
		{Phone, "+49 (0) 30 1234-567", `[{"raw":"+49 (0) 30 1234-567","e164":"+49301234567"}]`},
		{Phone, "030 1234567", `[{"raw":"030 1234567"}]`},
		{Phone, "+1 415 555 2671 ext. 9", `[{"raw":"+1 415 555 2671 ext. 9","e164":"+14155552671","ext":"9"}]`},
		{Phone, "+1 555 0100 123 ext. 9", `[{"raw":"+1 555 0100 123 ext. 9","ext":"9"}]`},
		{Domain, "https://www.Shop.Example.co.uk:8080/x?y", `["example.co.uk"]`},
		{Domain, "acme.myshopify.com", `["acme.myshopify.com"]`},
		{Refs, []string{"hs/contacts/1", "hs/contacts/2", "hs/contacts/1"}, `["hs/contacts/1","hs/contacts/2"]`},
		{Strings, []string{"a", "", " a ", "b"}, `["a","b"]`},
		{Strings, []string{}, `null`},
	} {
		got, err := Normalize(c.t, c.in)
		if err != nil || string(got) != c.want {
			t.Errorf("Normalize(%s, %#v) = %s, %v; want %s", c.t, c.in, got, err, c.want)
		}
	}
}

func TestRefusedValues(t *testing.T) {
	for _, c := range []struct {
		t  Type
		in any
	}{
		{Integer, "12.5"}, {Integer, "99999999999999999999"}, {Decimal, "1,000.00"}, {Decimal, "."}, {Decimal, "1e999"},
		{Decimal, "NaN"}, {Money, Amount{"1", "EURO"}}, {Bool, "maybe"}, {Date, "2026-02-30"}, {Date, "yesterday"},
		{Time, "12 o'clock"}, {Time, "99999999999999999"}, {Email, "no at"}, {Email, "a b@c.example"}, {Email, "a@localhost"},
		{Email, "a@b..example"}, {Phone, "call me"}, {Domain, "192.0.2.1"}, {Domain, "myshopify.com"}, {Domain, "com"},
		{Ref, "hs/contacts"}, {Bool, 1}, {Text, []string{"a"}}, {Stages, "x"}, {Date, 1.5},
	} {
		if got, err := Normalize(c.t, c.in); err == nil {
			t.Errorf("Normalize(%s, %#v) = %s; want an error", c.t, c.in, got)
		} else if s, ok := c.in.(string); ok && len(s) > 3 && strings.Contains(err.Error(), s) {
			t.Errorf("Normalize(%s, …) error %q shows the value", c.t, err)
		}
	}
}

// Whatever the text, a normal form is valid JSON and its own normal form.
func TestNormalFormsAreFixedPoints(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringMatching(`[-+]?[0-9]{0,8}(\.[0-9]{0,4})?(e[0-9])?`),
			rapid.StringMatching(`[a-zA-Z.]{1,6}@[a-z-]{1,6}\.[a-z]{2,3}`), rapid.StringMatching(`\+[0-9 ().-]{5,18}`)).Draw(t, "text")
		for _, typ := range []Type{Text, Long, Enum, Integer, Decimal, Bool, Date, Time} {
			first, err := Append(nil, typ, text, Options{})
			if err != nil {
				continue
			}
			var s any
			if err := json.Unmarshal(first, &s); err != nil || !utf8.Valid(first) {
				t.Fatalf("%s of %q = %q, which is not JSON: %v", typ, text, first, err)
			}
			second, err := Normalize(typ, s)
			if n, ok := s.(float64); ok {
				second, err = Append(nil, typ, string(first), Options{})
				_ = n
			}
			if err != nil || string(second) != string(first) {
				t.Fatalf("%s of %q = %s, whose normal form is %s, %v", typ, text, first, second, err)
			}
		}
	})
}

func TestLongTextIsCutAtACharacter(t *testing.T) {
	got := CleanText(strings.Repeat("ж", MaxText))
	if len(got) > MaxText || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
		t.Errorf("CleanText of a long text has %d bytes, valid %v; want at most %d, valid, ending in an ellipsis", len(got), utf8.ValidString(got), MaxText)
	}
}

func TestClassify(t *testing.T) {
	stages := []Stage{{ID: "1", Name: "Fresh"}, {ID: "2", Name: "Demo booked"}, {ID: "3", Name: "Price Quote"}, {ID: "4", Name: "Warm"},
		{ID: "5", Name: "Signed", Closed: true, Won: true}, {ID: "6", Name: "No", Closed: true}}
	Classify(stages)
	want := []string{"qualification", "initial_contact", "proposal", "negotiation", "won", "lost"}
	for i, s := range stages {
		if s.Kind != want[i] {
			t.Errorf("stage %q is %s; want %s", s.Name, s.Kind, want[i])
		}
	}
}
