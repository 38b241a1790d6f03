package card_test

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// reporter is what *testing.T and *rapid.T have in common.
type reporter interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// property is one line of a vCard: structured values have several components, each a list.
type property struct {
	name   string
	params []string // NAME=value, unquoted
	value  [][]string
}

// known are the properties that a card has, and whether the value is text (with escapes), structured, or neither.
var known = map[string]string{"BEGIN": "raw", "VERSION": "raw", "PRODID": "text", "KIND": "raw", "UID": "text", "REV": "raw", "CREATED": "raw", "FN": "text", "N": "structured",
	"NICKNAME": "list", "EMAIL": "text", "TEL": "tel", "SOCIALPROFILE": "tel", "ADR": "structured", "TZ": "text", "ORG": "structured", "TITLE": "text", "ROLE": "text", "BDAY": "raw",
	"GENDER": "raw", "LANG": "text", "URL": "uri", "NOTE": "text", "CATEGORIES": "list", "END": "raw"}

// components of the structured properties.
var components = map[string]int{"N": 5, "ADR": 7}

var rawValue = map[string]*regexp.Regexp{"VERSION": regexp.MustCompile(`^4\.0$`), "KIND": regexp.MustCompile(`^(individual|org)$`), "BEGIN": regexp.MustCompile(`^VCARD$`), "END": regexp.MustCompile(`^VCARD$`),
	"REV": regexp.MustCompile(`^\d{8}T\d{6}Z$`), "CREATED": regexp.MustCompile(`^\d{8}T\d{6}Z$`), "BDAY": regexp.MustCompile(`^(\d{8}|--\d{4})$`), "GENDER": regexp.MustCompile(`^[MFONU]$`)}

// checkVCard reads a vCard as strictly as RFC 6350 is and fails on anything else.
func checkVCard(t reporter, b []byte) []property {
	t.Helper()
	s := string(b)
	if !utf8.ValidString(s) || !strings.HasSuffix(s, "\r\n") {
		t.Fatalf("not UTF-8 that ends with CRLF: %q", s)
	}
	for _, line := range strings.Split(strings.TrimSuffix(s, "\r\n"), "\r\n") {
		if len(line) > 75 || strings.ContainsAny(line, "\r\n\x00") || !utf8.ValidString(line) {
			t.Fatalf("line of %d octets, or with a bare line break: %q", len(line), line)
		}
	}
	var list []property
	count := map[string]int{}
	for _, line := range strings.Split(strings.TrimSuffix(strings.ReplaceAll(s, "\r\n ", ""), "\r\n"), "\r\n") {
		p := readLine(t, line)
		list = append(list, p)
		if !slices.ContainsFunc(p.params, func(x string) bool { return strings.HasPrefix(x, "LANGUAGE=") }) {
			count[p.name]++
		}
	}
	last := len(list) - 1
	if list[0].name != "BEGIN" || list[1].name != "VERSION" || list[last].name != "END" {
		t.Fatalf("the card does not begin and end as cards do: %q", s)
	}
	for _, name := range []string{"BEGIN", "END", "VERSION", "KIND", "UID", "REV", "N", "BDAY", "GENDER", "PRODID", "FN"} {
		if count[name] > 1 || count[name] == 0 && (name == "FN" || name == "VERSION") {
			t.Fatalf("%s is there %d times", name, count[name])
		}
	}
	return list
}

var head = regexp.MustCompile(`^([A-Z]+)((?:;[A-Z-]+=(?:"[^"]*"|[^";:,]+)(?:,(?:"[^"]*"|[^";:,]+))*)*):(.*)$`)
var param = regexp.MustCompile(`;([A-Z-]+=)("[^"]*"|[^";:,]+)`)

func readLine(t reporter, line string) property {
	t.Helper()
	m := head.FindStringSubmatch(line)
	if m == nil || known[m[1]] == "" {
		t.Fatalf("no property of a vCard: %q", line)
	}
	p := property{name: m[1]}
	kind := known[m[1]]
	for _, x := range param.FindAllStringSubmatch(m[2], -1) {
		p.params = append(p.params, x[1]+strings.NewReplacer("^^", "^", "^'", `"`, "^n", "\n").Replace(strings.Trim(x[2], `"`)))
	}
	if kind == "tel" {
		kind = "text"
		if slices.Contains(p.params, "VALUE=uri") {
			kind = "uri"
		}
	}
	switch kind {
	case "raw":
		if !rawValue[p.name].MatchString(m[3]) {
			t.Fatalf("%s has the value %q", p.name, m[3])
		}
		p.value = [][]string{{m[3]}}
	case "uri":
		if !regexp.MustCompile(`^[a-z][a-z0-9+.-]*:[^\s"<>]+$`).MatchString(m[3]) {
			t.Fatalf("%s is no URI: %q", p.name, m[3])
		}
		p.value = [][]string{{m[3]}}
	default:
		p.value = unescape(t, p.name, m[3], kind)
	}
	return p
}

// unescape splits a value at what is not escaped.
func unescape(t reporter, name, s, kind string) [][]string {
	t.Helper()
	out := [][]string{{""}}
	add := func(c string) { last := out[len(out)-1]; last[len(last)-1] += c }
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
			if i == len(s) || !strings.Contains(`\,;nN`, s[i:i+1]) {
				t.Fatalf("%s has an escape that is none: %q", name, s)
			}
			add(strings.NewReplacer("n", "\n", "N", "\n").Replace(s[i : i+1]))
		case c == ';' && kind == "structured":
			out = append(out, []string{""})
		case c == ',' && (kind == "structured" || kind == "list"):
			out[len(out)-1] = append(out[len(out)-1], "")
		case c == ';' || c == ',':
			t.Fatalf("%s has a bare %q: %q", name, c, s)
		default:
			add(string([]byte{c}))
		}
	}
	if n := components[name]; n > 0 && len(out) != n {
		t.Fatalf("%s has %d components; want %d", name, len(out), n)
	}
	return out
}

// members are the members that objects of a JSContact card have, and what they must be: RFC 9553, sections 2 and 3. No
// schema of it is published.
var members = map[string]map[string]string{
	"Card": {"@type": "=Card", "version": "=2.0", "uid": "text", "kind": "=individual|org", "prodId": "text", "created": "utc", "updated": "utc", "name": "Name", "nicknames": "*Nickname",
		"organizations": "*Organization", "titles": "*Title", "emails": "*EmailAddress", "phones": "*Phone", "onlineServices": "*OnlineService", "preferredLanguages": "*LanguagePref",
		"addresses": "*Address", "anniversaries": "*Anniversary", "keywords": "set", "links": "*Link", "notes": "*Note", "localizations": "patches"},
	"Name":                {"full": "text", "components": "[NameComponent", "isOrdered": "bool", "defaultSeparator": "any"},
	"NameComponent":       {"kind!": "=title|given|given2|surname|surname2|credential|generation|separator", "value!": "text"},
	"Nickname":            {"name!": "text"},
	"Organization":        {"name": "text", "units": "[OrgUnit"},
	"OrgUnit":             {"name!": "text"},
	"Title":               {"name!": "text", "kind": "=title|role", "organizationId": "id"},
	"EmailAddress":        {"address!": "text", "contexts": "=work|private", "pref": "pref"},
	"Phone":               {"number!": "text", "contexts": "=work|private", "features": "=mobile|fax", "pref": "pref"},
	"OnlineService":       {"service": "text", "user": "text", "uri": "text"},
	"LanguagePref":        {"language!": "text"},
	"Address":             {"components": "[AddressComponent", "countryCode": "country", "full": "text", "timeZone": "text", "contexts": "=work|private|billing|delivery", "pref": "pref"},
	"AddressComponent":    {"kind!": "=name|locality|region|postcode|country", "value!": "text"},
	"Anniversary":         {"kind!": "=birth", "date!": "PartialDate"},
	"PartialDate":         {"@type": "=PartialDate", "year": "number", "month": "number", "day": "number"},
	"Link":                {"uri!": "text"},
	"Note":                {"note!": "text"},
	"localized (patches)": {"name": "Name"},
}

var idText = regexp.MustCompile(`^[A-Za-z0-9_-]{1,255}$`)

// checkJSContact fails unless b is a JSContact card.
func checkJSContact(t reporter, b []byte) {
	t.Helper()
	var card map[string]any
	if err := json.Unmarshal(b, &card); err != nil || strings.ContainsAny(string(b), "\n") {
		t.Fatalf("not JSON on one line: %v", err)
	}
	checkObject(t, "Card", card)
	organizations, _ := card["organizations"].(map[string]any)
	titles, _ := card["titles"].(map[string]any)
	for _, title := range titles {
		if id, ok := title.(map[string]any)["organizationId"].(string); ok && organizations[id] == nil {
			t.Fatalf("a title is of the organization %q, which is not there", id)
		}
	}
	for _, s := range mapsOf(card["onlineServices"]) {
		if s["user"] == nil && s["uri"] == nil {
			t.Fatalf("an account has neither user nor uri")
		}
	}
}

func mapsOf(v any) (list []map[string]any) {
	m, _ := v.(map[string]any)
	for _, e := range m {
		list = append(list, e.(map[string]any))
	}
	return list
}

func checkObject(t reporter, kind string, v any) {
	t.Helper()
	o, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("a %s is %T", kind, v)
	}
	for name, value := range o {
		want := members[kind][name]
		if want == "" {
			want = members[kind][name+"!"]
		}
		if want == "" {
			t.Fatalf("a %s has no member %q", kind, name)
		}
		checkMember(t, kind+"."+name, want, value)
	}
	for name := range members[kind] {
		if required, ok := strings.CutSuffix(name, "!"); ok && o[required] == nil {
			t.Fatalf("a %s without %q", kind, required)
		}
	}
	if kind == "Name" && o["full"] == nil && o["components"] == nil || kind == "Name" && o["defaultSeparator"] != nil && o["isOrdered"] != true {
		t.Fatalf("a name that says nothing, or a separator without an order: %v", o)
	}
}

func checkMember(t reporter, where, want string, value any) {
	t.Helper()
	text, isText := value.(string)
	good := true
	switch {
	case want == "any":
	case want == "text":
		good = isText && text != "" && utf8.ValidString(text)
	case want == "id":
		good = isText && idText.MatchString(text)
	case want == "utc":
		good = isText && regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z$`).MatchString(text)
	case want == "country":
		good = isText && regexp.MustCompile(`^[A-Z]{2}$`).MatchString(text)
	case want == "bool":
		_, good = value.(bool)
	case want == "pref":
		good = value == 1.0
	case want == "number":
		_, good = value.(float64)
	case want == "set":
		for _, v := range value.(map[string]any) {
			good = good && v == true
		}
	case want == "patches":
		for language, v := range value.(map[string]any) {
			good = good && regexp.MustCompile(`^[A-Za-z0-9-]+$`).MatchString(language)
			checkObject(t, "localized (patches)", v)
		}
	case want[0] == '=':
		allowed := strings.Split(want[1:], "|")
		if set, ok := value.(map[string]any); ok {
			for name := range set {
				good = good && slices.Contains(allowed, name)
			}
		} else {
			good = slices.Contains(allowed, text)
		}
	case want[0] == '*':
		for id, v := range value.(map[string]any) {
			good = good && idText.MatchString(id)
			checkObject(t, want[1:], v)
		}
	case want[0] == '[':
		for _, v := range value.([]any) {
			checkObject(t, want[1:], v)
		}
	default:
		checkObject(t, want, value)
	}
	if !good {
		t.Fatalf("%s is %v", where, value)
	}
}
