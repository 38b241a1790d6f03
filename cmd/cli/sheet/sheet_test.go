package sheet

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/millrace/millrace/mapping/canonical"
)

func file(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func wide(s string, big bool) string {
	b := []byte{0xff, 0xfe}
	if big {
		b = []byte{0xfe, 0xff}
	}
	for _, u := range utf16.Encode([]rune(s)) {
		if big {
			b = append(b, byte(u>>8), byte(u))
		} else {
			b = append(b, byte(u), byte(u>>8))
		}
	}
	return string(b)
}

// One table in all the forms that spreadsheets and databases write.
func TestTablesAsTheWorldWritesThem(t *testing.T) {
	const plain = "id,name,town\r\n1,Müller,\"Bad\nTölz\"\r\n2,\"O\"\"Hara\",王\r\n"
	for name, content := range map[string]string{
		"plain": plain, "byte order mark": "\ufeff" + plain, "UTF-16": wide(plain, false), "UTF-16, big end first": wide(plain, true),
		"spaces":     "id, name , town\n1, Müller, \"Bad\nTölz\"\n2, \"O\"\"Hara\", 王\n",
		"semicolons": strings.ReplaceAll(plain, ",", ";"), "tabs": strings.ReplaceAll(plain, ",", "\t"), "bars": strings.ReplaceAll(plain, ",", "|"),
		"lines of a Macintosh": strings.NewReplacer("\r\n", "\r", "\n", "\r").Replace(plain),
		"no last line break":   strings.TrimSuffix(plain, "\r\n"), "empty lines": strings.ReplaceAll(plain, "\r\n2", "\r\n\r\n2"),
	} {
		table, err := Read(file(t, "t.csv", content))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		want := [][]string{{"1", "Müller", "Bad\nTölz"}, {"2", `O"Hara`, "王"}}
		if !slices.Equal(table.Header, []string{"id", "name", "town"}) || len(table.Rows) != 2 || !slices.Equal(table.Rows[0], want[0]) || !slices.Equal(table.Rows[1], want[1]) {
			t.Errorf("%s: got %q %q, want %q", name, table.Header, table.Rows, want)
		}
		if len(table.Notices) > 0 {
			t.Errorf("%s: got the notices %q, want none", name, table.Notices)
		}
	}
	table, err := Read(file(t, "t.csv", "id,name\n1,M\xfcller\n"))
	if err != nil || table.Rows[0][1] != "Müller" || len(table.Notices) != 1 {
		t.Errorf("Latin-1: got %q, notices %q, error %v", table.Rows, table.Notices, err)
	}
}

func TestBrokenTablesAreRefused(t *testing.T) {
	for content, want := range map[string]string{
		"": "the file is empty", "id,name\n1,x\n2\n": "t.csv:3: the row has 1 values, the first line has 2", "id,id\n": `columns 1 and 2 have the same name "id"`,
		"id,name\n1,\"x\n2,y\n": "t.csv:2:", "id\n" + strings.Repeat("x", MaxCell+1): "t.csv:2: a value has more than",
		"id\n1\n" + strings.Repeat("x", MaxCell+5): "t.csv:3: a value has more than", "id,b\n1,\"" + strings.Repeat("x,\n", MaxCell) + "\"": "t.csv:2: a value has more than",
	} {
		if _, err := Read(file(t, "t.csv", content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: got error %v, want one with %q", content, err, want)
		}
	}
}

// A file that is no table costs its own size once.
func TestOneEndlessLineCostsItsSize(t *testing.T) {
	const size = 32 << 20
	path := file(t, "t.csv", "id,name\n1,"+strings.Repeat("x", size))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Read(path); err == nil || !strings.Contains(err.Error(), "t.csv:2: a value has more than") {
		t.Errorf("got error %v, want that a value is too long", err)
	}
	runtime.ReadMemStats(&after)
	// Without the bound it is nine times its size. The race detector counts what is read twice.
	if used := after.TotalAlloc - before.TotalAlloc; used > size*5/2 {
		t.Errorf("read %d bytes with %d bytes of memory", size, used)
	}
}

// FuzzRead: whatever the file, Read returns, and every row has as many values as the first line.
func FuzzRead(f *testing.F) {
	f.Add("id,name\n1,\"x\"\n")
	f.Add("\xff\xfei\x00")
	f.Add("a;b\n\"1\";2\n")
	f.Fuzz(func(t *testing.T, content string) {
		table, err := Read(file(t, "t.csv", content))
		if err != nil {
			return
		}
		for i, row := range table.Rows {
			if len(row) != len(table.Header) {
				t.Fatalf("row %d: got %d values, want %d", i, len(row), len(table.Header))
			}
		}
	})
}

func TestFieldsAsPeopleNameThem(t *testing.T) {
	for want, names := range map[slot][]string{
		given: {"name.given", "given_name", "First Name", "forename"}, family: {"name.family", "surname", "last-name"},
		email:  {"emails", "email", "emails[].address", "emails[0].address", "E-Mail", "email2"},
		phone:  {"phones", "phone", "phones[].e164", "phones[0].raw", "telephone"},
		street: {"address.street", "addresses[0].lines[0]", "addresses.lines", "address.line1", "addresses[].lines", "address.lines"}, place: {"addresses[0].lines[1]", "address.line2"},
		locality: {"addresses[0].locality", "address.locality", "city", "suburb"}, postcode: {"addresses[].postcode", "zip", "address.postal_code"},
		formatted: {"address", "addresses", "address.formatted"}, number: {"address.number", "house_number", "address.street_number"},
		"identifiers.ssn": {"identifiers.ssn", "identifiers[ssn]", "identifier.ssn", `identifiers["ssn"]`, "identifiers[ssn].value"}, "identifiers.id": {"identifiers", "identifier", "identifiers[].value", "identifiers[0].value", "id"},
		"=gender": {"gender"}, "=custom.x": {"custom.x"}, "=title": {"title"}, birthday: {"birthday", "date of birth", "dob"}, full: {"name.full", "name"},
	} {
		for _, name := range names {
			if got, err := slotOf(canonical.Person, name); err != nil || got != want {
				if want == "identifiers.id" && name == "identifiers[0].value" && got == "identifiers.id0" {
					continue
				}
				t.Errorf("%s: got %q (error %v), want %q", name, got, err, want)
			}
		}
	}
	for _, name := range []string{"domains", "website", "nonsense", ""} {
		if got, err := slotOf(canonical.Person, name); !errors.Is(err, errField) {
			t.Errorf("%q of a person: got %q, want no such field", name, got)
		}
	}
	for name, want := range map[string]slot{"domains": domain, "website": domain, "name": full, "legal_name": legal, "industry": "=industry"} {
		if got, err := slotOf(canonical.Organization, name); err != nil || got != want {
			t.Errorf("%q of an organization: got %q (error %v), want %q", name, got, err, want)
		}
	}
}

func TestRowsBecomeProfiles(t *testing.T) {
	m, err := ReadMap(file(t, "m.yaml", `
id: nr
region: DE
fields:
  name.given: first
  name.family: last
  birthday: born
  emails: mails
  phones: phone
  mobile: cell
  address.street: [street, no]
  address.line2: floor
  address.country: land
  identifiers.ssn: ssn
  custom.tier: tier
`), canonical.Person)
	if err != nil {
		t.Fatal(err)
	}
	table, err := Read(file(t, "t.csv", strings.Join([]string{
		"nr,first,last,born,mails,phone,cell,street,no,floor,land,ssn,tier",
		"1,Anna,Müller,13/05/1980,a@B.example; broken,030 1234567,0171 2345678,Weg,7,2nd,Deutschland,12 3,gold",
		"2,,,04/05/1980,,,,,,,,,", "3,,,no date,,x,,,,1st,,,",
	}, "\n")))
	if err != nil {
		t.Fatal(err)
	}
	rows, unread, err := m.Rows([]*Table{table})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range rows[0].Profile.Fields {
		got[f.Name] = string(f.Value)
	}
	for name, want := range map[string]string{
		"name.given": `"Anna"`, "birthday": `"1980-05-13"`, "emails": `[{"address":"a@b.example"}]`, "custom.tier": `"gold"`,
		"phones":      `[{"raw":"030 1234567","e164":"+49301234567"},{"raw":"0171 2345678","e164":"+491712345678","type":"mobile"}]`,
		"addresses":   `[{"lines":["Weg 7","2nd"],"country":"DE"}]`,
		"identifiers": `[{"scheme":"ssn","value":"12 3"}]`,
	} {
		if got[name] != want {
			t.Errorf("%s: got %s, want %s", name, got[name], want)
		}
	}
	if date := string(rows[1].Profile.Get("birthday")); date != `"1980-05-04"` {
		t.Errorf("a date whose order another row tells: got %s, want 1980-05-04", date)
	}
	if text, _ := json.Marshal(unread); string(text) != `[{"field":"birthday","count":1},{"field":"email","count":1},{"field":"phone","count":1}]` {
		t.Errorf("unread: got %s", text)
	}
	if others := m.Others(); !slices.Equal(others, []string{"custom.tier"}) {
		t.Errorf("others: got %v", others)
	}
}

func TestBrokenMapsAreRefused(t *testing.T) {
	for content, want := range map[string]string{
		"": "the file is empty", "id: a\n": "`fields:` is missing", "fields: {name.given: a}\n": "`id:` is missing", "- a\n": "want `id:` and `fields:`",
		"id: a\nfields: {name.given: {x: y}}": "m.yaml:2: want the name of a column", "id: a\nkind: organization\n": `m.yaml:2: the file is for kind "organization"`,
		"id: a\nregion: Germany\n": "m.yaml:2: region must be", "id: [": "m.yaml", "id: a\nfields: x\n": "must map fields to columns",
	} {
		_, err := ReadMap(file(t, "m.yaml", content), canonical.Person)
		var mistake *MapError
		if !errors.As(err, &mistake) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got error %v, want a MapError with %q", content, err, want)
		}
	}
}

// FuzzReadMap: whatever the file, ReadMap returns a map or says why not.
func FuzzReadMap(f *testing.F) {
	f.Add("id: a\nfields:\n  name.given: b\n  address.street: [c, d]\n")
	f.Add("id: &x a\nfields: {name.given: *x}")
	f.Add("? [a]\n: b")
	f.Fuzz(func(t *testing.T, content string) {
		if m, err := ReadMap(file(t, "m.yaml", content), canonical.Person); err == nil && (m.id.text == "" || len(m.fields) == 0) {
			t.Fatalf("got a map without id or fields and no error")
		}
	})
}
