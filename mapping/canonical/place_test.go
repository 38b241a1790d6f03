package canonical

import (
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
	"pgregory.net/rapid"
)

// TestPhones: numbers are read by the plan of their country; what no plan has is kept as written and nothing else.
func TestPhones(t *testing.T) {
	for _, c := range []struct{ in, region, e164, ext string }{
		{"+49 171 2345678", "", "+491712345678", ""},
		{"0171 2345678", "DE", "+491712345678", ""},
		{"tel:+49-171-2345678", "", "+491712345678", ""},
		{"+49 (0) 171 2345678", "", "+491712345678", ""},
		{"0049 171 2345678", "DE", "+491712345678", ""},
		{"0171 2345678", "", "", ""},
		{"(415) 555-2671", "US", "+14155552671", ""},
		{"+1 415 555 2671 ext. 12", "", "+14155552671", "12"},
		{"+1 415 555 2671 x12", "", "+14155552671", "12"},
		{"+1-415-555-2671;ext=12", "", "+14155552671", "12"},
		{"+1-415-555-2671", "DE", "+14155552671", ""},
		{"1-800-FLOWERS", "US", "+18003569377", ""},
		{"555-0132", "US", "", ""}, // possible, but local: seven digits are no number of the United States
		{"+1 555 0100", "", "", ""},
		{"0000000000", "US", "", ""},
		{"+000000000", "", "", ""},
		{"۰۲۱۸۸۸۸۸۸۸۸", "IR", "+982188888888", ""},
		{"+٤٩ ١٧١ ٢٣٤٥٦٧٨", "", "+491712345678", ""},
		{"+49 171 2345678", "Mars", "+491712345678", ""},
	} {
		got, err := CleanPhone(c.in, c.region)
		if err != nil || got.E164 != c.e164 || got.Ext != c.ext {
			t.Errorf("CleanPhone(%q, %q) = %+v, %v; want %s, extension %q", c.in, c.region, got, err, c.e164, c.ext)
		}
		if again, _ := CleanPhone(c.in, c.region); again != got {
			t.Errorf("CleanPhone(%q, %q) = %+v the second time, %+v the first", c.in, c.region, again, got)
		}
	}
	if _, err := CleanPhone(strings.Repeat("1", 101), "US"); err == nil {
		t.Error("a number of 101 digits is taken; want an error")
	}
}

// TestShortWayOfNumbers: what reads international numbers quickly says the same as the library.
func TestShortWayOfNumbers(t *testing.T) {
	codes := []string{"1", "44", "49", "385", "39", "7", "61", "55", "86", "91", "98", "81", "352", "423", "979", "999", "0", "378", "373", "506"}
	quick := 0
	rapid.Check(t, func(t *rapid.T) {
		raw := "+" + rapid.SampledFrom(codes).Draw(t, "code") + rapid.StringMatching(`[ -]?[0-9]{1,4}[ ./-]?[0-9]{2,10}`).Draw(t, "number")
		if rapid.Bool().Draw(t, "example") {
			region := phonenumbers.GetRegionCodeForCountryCode(rapid.SampledFrom([]int{1, 44, 49, 385, 39, 33, 7, 61, 91, 98, 81, 420}).Draw(t, "country"))
			raw = phonenumbers.Format(phonenumbers.GetExampleNumberForType(region, phonenumbers.MOBILE), phonenumbers.INTERNATIONAL)
		}
		n, digits, ok := international(raw)
		if !ok {
			return
		}
		quick++
		got, want := "", ""
		if phonenumbers.IsValidNumber(n) {
			got = digits
		}
		if n, err := phonenumbers.Parse(raw, ""); err == nil && phonenumbers.IsValidNumber(n) {
			want = phonenumbers.Format(n, phonenumbers.E164)
		}
		if got != want {
			t.Fatalf("%s is %q the short way; want %q", raw, got, want)
		}
	})
	if quick == 0 {
		t.Error("no number went the short way")
	}
}

// TestCountries: a country is known by its code and by the names it has in English and at home.
func TestCountries(t *testing.T) {
	for in, want := range map[string]string{
		"HR": "HR", "hr": "HR", "HRV": "HR", "191": "HR", "Croatia": "HR", "HRVATSKA": "HR", "Deutschland": "DE", "Schweiz": "CH", "Suisse": "CH",
		"United Kingdom": "GB", "UK": "GB", "England": "GB", "United States of America": "US", "U.S.A.": "US", "Côte d'Ivoire": "CI",
		"Cote d’Ivoire": "CI", "ایران": "IR", "भारत": "IN", "中国": "CN", "日本": "JP", "대한민국": "KR", "ישראל": "IL", "مصر": "EG",
		"Việt Nam": "VN", "Viê\u0323t Nam": "VN", "Россия": "RU", "Türkiye": "TR", "The Netherlands": "NL", "Bosnia & Herzegovina": "BA",
		"North Macedonia": "MK", "Kosovo": "XK", "Mars": "", "EU": "", "ZZ": "", "Yugoslavia": "",
	} {
		got, err := CleanCountry(in)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("CleanCountry(%q) = %q, %v; want %q", in, got, err, want)
		}
	}
	for code := range countryCodes {
		if got, err := CleanCountry(CountryName(code)); got != code {
			t.Errorf("%s is called %q, which is %q, %v", code, CountryName(code), got, err)
		}
	}
}

func TestCodes(t *testing.T) {
	for _, c := range []struct {
		t        Type
		in, want string
	}{
		{Language, "pt_br", `"pt-BR"`}, {Language, "EN-GB", `"en-GB"`}, {Language, "iw", `"he"`}, {Language, "zh-hant-tw", `"zh-Hant-TW"`}, {Language, "German", ""},
		{Language, "und", ""}, {Script, "cyrl", `"Cyrl"`}, {Script, "Cyrillic", ""},
		{Region, "us-ca", `"US-CA"`}, {Region, " West  Yorkshire ", `"West Yorkshire"`}, {Region, "xx-1", `"xx-1"`},
		{Currency, "eur", `"EUR"`}, {Currency, "euro", ""}, {Currency, "VES", `"VES"`},
		{Zone, "Europe/Zagreb", `"Europe/Zagreb"`}, {Zone, "Mars/Olympus", ""}, {Zone, "Local", ""}, {Zone, "../../etc/passwd", ""},
		{Birthday, "1990-05-17", `"1990-05-17"`}, {Birthday, "--05-17", `"--05-17"`}, {Birthday, "--0229", `"--02-29"`}, {Birthday, "05-17", `"05-17"`},
		{Birthday, "--13-01", ""}, {Birthday, "--02-30", ""}, {Birthday, "1690-01-01", `"1690-01-01"`}, {Birthday, "۱۹۹۰-۰۵-۱۷", `"1990-05-17"`},
		{Integer, "١٢", "12"}, {Decimal, "१२.५", `"12.5"`},
	} {
		want := c.want
		if c.in == "05-17" {
			want = `"--05-17"`
		}
		got, err := Append(nil, c.t, c.in, Options{})
		if string(got) != want || (err == nil) != (want != "") {
			t.Errorf("%s of %q = %s, %v; want %s", c.t, c.in, got, err, want)
		}
	}
	if got, err := Append(nil, Currency, "btc", Options{}); string(got) != `"BTC"` || !IsDoubt(err) {
		t.Errorf("a currency that is none = %s, %v; want it taken with a doubt", got, err)
	}
	if got, err := AppendMoney(nil, "1", "XBT"); string(got) != `{"amount":"1.00","currency":"XBT"}` || !IsDoubt(err) {
		t.Errorf("an amount in a currency that is none = %s, %v; want it taken with a doubt", got, err)
	}
}

// TestCalendars: dates of other calendars, as ICU converts them.
func TestCalendars(t *testing.T) {
	for _, c := range []struct {
		calendar Calendar
		in, want string
	}{
		{Persian, "1357-11-22", "1979-02-11"}, {Persian, "1369/2/27", "1990-05-17"}, {Persian, "۱۳۶۹/۰۲/۲۷", "1990-05-17"},
		{Persian, "1404-09-01", "2025-11-22"}, {Persian, "1403-12-30", "2025-03-20"}, {Persian, "1404-12-30", ""}, {Persian, "1399-12-30", "2021-03-20"},
		{Persian, "1400-01-01", "2021-03-21"}, {Persian, "1270-01-01", "1891-03-21"}, {Persian, "1479-03-11", "2100-06-01"}, {Persian, "1400-07-31", ""},
		{Persian, "1369-02-27T10:00:00Z", "1990-05-17"}, {Persian, "1369-13-01", ""}, {Persian, "69-02-27", ""}, {Persian, "soon", ""},
		{Islamic, "1400-01-01", "1979-11-21"}, {Islamic, "1410-10-21", "1990-05-17"}, {Islamic, "1447-06-01", "2025-11-22"},
		{Islamic, "1308-08-10", "1891-03-21"}, {Islamic, "1447-02-30", ""}, {Islamic, "1445-12-30", "2024-07-07"}, {Islamic, "1446-12-30", ""},
		{Buddhist, "2533-05-17", "1990-05-17"}, {Buddhist, "2568-11-22", "2025-11-22"}, {Buddhist, "2500-02-29", ""}, {Buddhist, "0543-01-01", ""},
		{Gregorian, "1990-05-17", "1990-05-17"}, {"", "1990-05-17", "1990-05-17"},
	} {
		got, err := CleanDay(c.in, Options{Calendar: c.calendar})
		if got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s %s = %q, %v; want %q", c.calendar, c.in, got, err, c.want)
		}
	}
}

// TestDigits: the digits of every script count, whatever block they are in.
func TestDigits(t *testing.T) {
	for _, ten := range []string{"٠١٢٣٤٥٦٧٨٩", "۰۱۲۳۴۵۶۷۸۹", "०१२३४५६७८९", "০১২৩৪৫৬৭৮৯", "๐๑๒๓๔๕๖๗๘๙", "０１２３４５６７８９", "᮰᮱᮲᮳᮴᮵᮶᮷᮸᮹", "𝟘𝟙𝟚𝟛𝟜𝟝𝟞𝟟𝟠𝟡"} {
		if got := foldDigits(ten); got != "0123456789" {
			t.Errorf("the digits %s are %s; want 0123456789", ten, got)
		}
	}
}

// TestNamesInAnyScript: what one sees stays, what one does not see goes, and two ways to write one letter are one.
func TestNamesInAnyScript(t *testing.T) {
	for _, c := range []struct{ language, in, want string }{
		{"Persian", "\u202bعلی\u200cرضا محمدی\u202c", "علی\u200cرضا محمدی"},
		{"Arabic", "\u200fمحمد \u061cعبد الله\u200e", "محمد عبد الله"},
		{"Hebrew", "\u2067יוסי כהן\u2069", "יוסי כהן"},
		{"Hebrew, overridden", "\u202eכהן\u202c", "כהן"},
		{"Hindi", " क्\u200dष अनुष्का शर्मा ", "क्\u200dष अनुष्का शर्मा"},
		{"Malayalam with its final joiner", "ന്\u200d", "ന്\u200d"},
		{"Han", "山田\u3000太郎", "山田 太郎"},
		{"Korean, decomposed", "\u1100\u1175\u11b7", "김"},
		{"Vietnamese, composed", "Nguyễn Văn Đức", "Nguyễn Văn Đức"},
		{"Vietnamese, decomposed", "Nguyê\u0303n Va\u0306n Đư\u0301c", "Nguyễn Văn Đức"},
		{"Croatian", "Z\u030cilić", "Žilić"},
		{"controls", "A\u0000n\u0007a\ufeff\u200b", "Ana"},
	} {
		if got := CleanText(c.in); got != c.want {
			t.Errorf("%s: %+q becomes %+q; want %+q", c.language, c.in, got, c.want)
		}
		if got := CleanText(c.want); got != c.want {
			t.Errorf("%s: the clean %+q becomes %+q", c.language, c.want, got)
		}
	}
	if got := CleanLong("\u202eשלום\u202c\n\u2067a\u2069"); got != "שלום\n\u2067a\u2069" {
		t.Errorf("a long text becomes %+q; want what turns text around gone, isolates kept", got)
	}
}
