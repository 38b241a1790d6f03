package compare

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/mapping/canonical"
)

func profile(kind canonical.Kind, claims map[string]string) *canonical.Profile {
	p := &canonical.Profile{Kind: kind}
	for name, value := range claims {
		p.Fields = append(p.Fields, canonical.Field{Name: name, Value: json.RawMessage(value)})
	}
	slices.SortFunc(p.Fields, func(a, b canonical.Field) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return p
}

// The vectors are those of Winkler's paper of 1990 and its followers.
func TestJaroWinkler(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"martha", "marhta", 0.9611}, {"dwayne", "duane", 0.84}, {"dixon", "dicksonx", 0.8133}, {"jones", "johnson", 0.8324},
		{"abc", "xyz", 0}, {"", "", 0}, {"a", "", 0}, {"müller", "muller", 0.9}, {"王小明", "王小朋", 0.8222}, {"same", "same", 1},
	} {
		if got := JaroWinkler(c.a, c.b); math.Abs(got-c.want) > 0.0001 {
			t.Errorf("%s %s: got %.4f, want %.4f", c.a, c.b, got, c.want)
		}
	}
}

func TestLikenessIsSymmetric(t *testing.T) {
	word := rapid.StringMatching(`[abcé王]{0,70}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		if x, y := JaroWinkler(a, b), JaroWinkler(b, a); x != y || x < 0 || x > 1 {
			t.Fatalf("JaroWinkler: got %v and %v, want one number from 0 to 1", x, y)
		}
		if x, y := Distance(a, b, 3), Distance(b, a, 3); x != y || x > 4 {
			t.Fatalf("Distance: got %v and %v, want one number to 4", x, y)
		}
	})
}

// plainDistance is the textbook's table, whole.
func plainDistance(a, b []rune) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j-1]+cost, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

func TestDistanceIsTheTextbooks(t *testing.T) {
	word := rapid.StringMatching(`[abé]{0,12}`)
	rapid.Check(t, func(t *rapid.T) {
		a, b, most := word.Draw(t, "a"), word.Draw(t, "b"), rapid.IntRange(0, 5).Draw(t, "most")
		want := min(plainDistance([]rune(a), []rune(b)), most+1)
		if got := Distance(a, b, most); got != want {
			t.Fatalf("%q %q: got %d, want %d", a, b, got, want)
		}
	})
}

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"  O'Brien-SMITH, Jr. ": "obrien smith jr", "Müller": "muller", "STRAßE": "strasse", "Đorđević": "dordevic", "Łukasz": "lukasz",
		"Ａｎｎａ": "anna", "Nguyễn Thị": "nguyen thi", "Ngu\u0079\u0065\u0302\u0303n": "nguyen", "Ελένη": "ελενη", "Йосиф": "иосиф",
		"\u202Eעִבְרִית\u202C": "עברית", "مُحَمَّد": "محمد", "علي": "علی", "श्री कृष्ण": "श्री कृष्ण", "がぎ": "がぎ", "王 小明": "王 小明", "": "", "--": "",
	} {
		if got := Fold(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
		if again := Fold(Fold(in)); again != Fold(in) {
			t.Errorf("%q: folding again gives %q, want %q", in, again, Fold(in))
		}
	}
}

func TestNamesOfPeople(t *testing.T) {
	for full, want := range map[string][2]string{
		"Dr. Anna Müller": {"anna", "muller"}, "Müller, Anna": {"anna", "muller"}, "Ludwig van Beethoven": {"ludwig", "van beethoven"},
		"Martin Luther King, Jr.": {"martin", "king"}, "王小明": {"小明", "王"}, "欧阳小明": {"小明", "欧阳"}, "Madonna": {"madonna", ""}, "Dr": {"dr", ""}, "": {},
	} {
		f := Of(profile(canonical.Person, map[string]string{"name.full": string(must(json.Marshal(full)))}))
		if got := [2]string{f.Given, f.Family}; got != want {
			t.Errorf("%q: got %q, want %q", full, got, want)
		}
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

func TestLegalFormsAreNoNames(t *testing.T) {
	for name, want := range map[string]string{
		"Müller & Söhne GmbH & Co. KG": "muller and sohne", "Primjer d.o.o.": "primjer", "Primjer D. O. O.": "primjer", "ACME, Inc.": "acme", "The Acme Corporation": "acme",
		"株式会社ソニー": "ソニー", "北京小米科技有限公司": "北京小米科技", "OOO Ромашка": "ромашка", "S.A.": "sa", "Ejemplo S.A. de C.V.": "ejemplo", "Co-op Bank plc": "co op bank", "Ltd": "ltd",
	} {
		got := ""
		for i, t := range Legal(name) {
			if i > 0 {
				got += " "
			}
			got += t
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

func TestFactsOfAPerson(t *testing.T) {
	f := Of(profile(canonical.Person, map[string]string{
		"name.given": `"Anna"`, "name.middle": `"M."`, "name.family": `"Müller"`, "birthday": `"1980-02-01"`, "company": `"ACME GmbH"`,
		"emails":      `[{"address":"a@b.example"},{"address":"c@b.example"}]`,
		"phones":      `[{"raw":"+49 171 1","e164":"+491711","type":"mobile"},{"raw":"030 / 12 34 56"},{"raw":"000000"}]`,
		"identifiers": `[{"scheme":"ssn","value":"12-34 A"}]`, "organization": `"c/o/1"`, "custom.tier": `{"t":"enum","v":"Gold"}`,
		"addresses": `[{"lines":["12a Main Street","West Wing"],"locality":"Köln","postcode":"50 667","country":"DE"},{"locality":"Bonn"}]`,
	}), "custom.tier", "custom.none")
	want := &Facts{Kind: canonical.Person, Given: "anna", Family: "muller", Name: []string{"anna", "m", "muller"}, Birthday: "19800201", Born: "19800201", Company: "acme",
		Emails: []string{"a@b.example", "c@b.example"}, Phones: []string{"+491711", "030123456"}, Mobiles: []string{"+491711"}, IDs: []string{"ssn:1234a"},
		Organization: "c/o/1", Street: []string{"12a", "main", "st"}, Number: "12a", Road: "main st", Place: "west wing", Locality: "koln", Postcode: "50667", Country: "de",
		Others: []Attribute{{"custom.tier", "gold"}}}
	if got, want := string(must(json.Marshal(f))), string(must(json.Marshal(want))); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestBirthdayIsPlausibleOrUnknown(t *testing.T) {
	for date, want := range map[string][2]string{
		"1980-02-01": {"19800201", "19800201"}, "1874-12-31": {"", "18741231"}, "1599-12-31": {}, "1359-05-01": {}, "2569-01-01": {}, "--02-01": {},
		"1980-02-31": {}, "": {},
	} {
		if alive, born := birthday(date); alive != want[0] || born != want[1] {
			t.Errorf("%q: got %q and %q, want %q", date, alive, born, want)
		}
	}
}

func TestCompatible(t *testing.T) {
	for _, c := range []struct {
		a, b Facts
		want bool
	}{
		{Facts{Given: "anna", Family: "muller"}, Facts{Given: "anne", Family: "mueller"}, true},
		{Facts{Given: "anna", Family: "muller"}, Facts{Given: "anna", Family: "schmidt"}, true},
		{Facts{Given: "anna", Family: "muller"}, Facts{Given: "muller", Family: "anna"}, true},
		{Facts{Given: "anna", Family: "muller"}, Facts{Given: "bernd", Family: "schmidt"}, false},
		{Facts{Given: "a m"}, Facts{Given: "anna maria", Family: "muller"}, true},
		{Facts{Given: "b"}, Facts{Given: "anna", Family: "muller"}, false},
		{Facts{}, Facts{Given: "anna"}, false}, {Facts{}, Facts{}, false},
	} {
		if got := Compatible(&c.a, &c.b); got != c.want {
			t.Errorf("%s %s, %s %s: got %v, want %v", c.a.Given, c.a.Family, c.b.Given, c.b.Family, got, c.want)
		}
		if got := Compatible(&c.b, &c.a); got != c.want {
			t.Errorf("exchanged: got %v, want %v", got, c.want)
		}
	}
}

func BenchmarkOf(b *testing.B) {
	p := profile(canonical.Person, map[string]string{
		"name.given": `"Anna"`, "name.family": `"Müller"`, "birthday": `"1980-02-01"`, "emails": `[{"address":"a@b.example"}]`,
		"phones": `[{"raw":"+49 171 1234567","e164":"+491711234567","type":"mobile"}]`, "company": `"ACME GmbH"`, "title": `"COO"`,
		"addresses": `[{"street":"Main Street 12","locality":"Köln","postcode":"50667","country":"DE"}]`,
	})
	b.ReportAllocs()
	for b.Loop() {
		Of(p)
	}
}

func BenchmarkJaroWinkler(b *testing.B) {
	for b.Loop() {
		JaroWinkler("harrington", "hartigan")
	}
}

func BenchmarkDistance(b *testing.B) {
	for b.Loop() {
		Distance("19800201", "19910214", 2)
	}
}
