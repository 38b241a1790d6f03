package canonical

import (
	"errors"
	"strings"
	"time"
	_ "time/tzdata" // what a zone is must not depend on the machine

	"golang.org/x/text/language"
)

var (
	errLanguage = errors.New("not a language of BCP 47")
	errScript   = errors.New("not a script of ISO 15924")
	errCountry  = errors.New("not a country of ISO 3166-1, by code or name")
	errZone     = errors.New("not an IANA time zone such as Europe/Zagreb")
)

// maxTag bounds what is looked at as a tag, a country or a zone.
const maxTag = 100

type result struct {
	text string
	err  error
}

var languages = memo[result]{limit: 1024, make: func(s string) result {
	tag, err := language.Parse(strings.ReplaceAll(strings.TrimSpace(s), "_", "-"))
	if err != nil || tag == language.Und {
		return result{err: errLanguage}
	}
	return result{text: tag.String()}
}}

// CleanLanguage returns a language tag in its canonical form: "pt-BR" for "PT_br". Vendors' underscores are taken.
func CleanLanguage(s string) (string, error) {
	if len(s) > maxTag {
		return "", errLanguage
	}
	r := languages.get(s)
	return r.text, r.err
}

// CleanScript returns the code of a script: "Cyrl" for "cyrl".
func CleanScript(s string) (string, error) {
	script, err := language.ParseScript(strings.TrimSpace(s))
	if err != nil {
		return "", errScript
	}
	return script.String(), nil
}

// CleanCountry returns the alpha-2 code of a country given by code (alpha-2, alpha-3 or number) or by its name in
// English or in a language of the country itself.
func CleanCountry(s string) (string, error) {
	if len(s) == 2 && upper(s) && countryCodes[s] {
		return s, nil
	}
	if len(s) > maxTag {
		return "", errCountry
	}
	r := countries.get(s)
	return r.text, r.err
}

var countries = memo[result]{limit: 4096, make: func(s string) result {
	s = CleanText(s)
	if code := countryOfCode(s); code != "" {
		return result{text: code}
	}
	if code := countryNames()[nameKey(s)]; code != "" {
		return result{text: code}
	}
	return result{err: errCountry}
}}

// CleanRegion returns a code of ISO 3166-2 in upper case when s has the shape of one, else s as a text. Whether the
// code exists is not looked up: the list changes every year.
func CleanRegion(s string) string {
	s = CleanText(s)
	country, part, found := strings.Cut(s, "-")
	if found && len(country) == 2 && len(part) >= 1 && len(part) <= 3 && countryCodes[strings.ToUpper(country)] && alphanumeric(part) {
		return strings.ToUpper(s)
	}
	return s
}

var zones = memo[bool]{limit: 1024, make: func(s string) bool {
	_, err := time.LoadLocation(s)
	return err == nil
}}

// CleanZone returns the name of a time zone of the IANA data base as it is written there.
func CleanZone(s string) (string, error) {
	s = strings.TrimSpace(s)
	if s == "" || s == "Local" || len(s) > maxTag || !plain(s) {
		return "", errZone
	}
	if !zones.get(s) {
		return "", errZone
	}
	return s, nil
}

func upper(s string) bool { return letters(s, len(s)) }

func alphanumeric(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i] | 0x20
		if (c < 'a' || c > 'z') && (s[i] < '0' || s[i] > '9') {
			return false
		}
	}
	return true
}
