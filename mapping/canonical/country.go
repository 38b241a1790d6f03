package canonical

import (
	"strings"
	"sync"

	"golang.org/x/text/cases"
	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
	"unicode"
)

// countryCodes are the alpha-2 codes of ISO 3166-1, and XK, which everybody uses for Kosovo.
var countryCodes = func() map[string]bool {
	m := map[string]bool{}
	for code := range strings.FieldsSeq(`
		AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ CA CC CD CF
		CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH
		GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW
		KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG
		NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN
		SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT
		ZA ZM ZW XK`) {
		m[code] = true
	}
	return m
}()

// otherNames are names of countries in use that CLDR does not list.
var otherNames = map[string]string{
	"uk": "GB", "great britain": "GB", "england": "GB", "scotland": "GB", "wales": "GB", "northern ireland": "GB",
	"united states of america": "US", "usa": "US", "america": "US", "u.s.": "US", "u.s.a.": "US", "u.k.": "GB",
	"holland": "NL", "the netherlands": "NL", "czech republic": "CZ", "macedonia": "MK", "turkey": "TR", "turkiye": "TR",
	"russian federation": "RU", "korea": "KR", "republic of korea": "KR", "south korea": "KR", "north korea": "KP",
	"democratic people's republic of korea": "KP", "viet nam": "VN", "burma": "MM", "ivory coast": "CI", "swaziland": "SZ",
	"cape verde": "CV", "east timor": "TL", "hong kong": "HK", "macau": "MO", "macao": "MO", "palestine": "PS",
	"people's republic of china": "CN", "pr china": "CN", "prc": "CN", "republic of ireland": "IE", "eire": "IE",
	"islamic republic of iran": "IR", "iran, islamic republic of": "IR", "syrian arab republic": "SY", "lao pdr": "LA",
	"moldova, republic of": "MD", "republic of moldova": "MD", "tanzania, united republic of": "TZ", "bolivia, plurinational state of": "BO",
	"venezuela, bolivarian republic of": "VE", "brunei darussalam": "BN", "taiwan, province of china": "TW", "republic of china": "TW",
	"congo": "CG", "republic of the congo": "CG", "democratic republic of the congo": "CD", "dr congo": "CD", "drc": "CD",
	"united arab emirates": "AE", "uae": "AE", "u.a.e.": "AE", "ksa": "SA", "kingdom of saudi arabia": "SA", "brasil": "BR",
	"holy see": "VA", "vatican": "VA", "st. lucia": "LC", "saint lucia": "LC", "bundesrepublik deutschland": "DE", "brd": "DE",
	"中国大陆": "CN", "中华人民共和国": "CN", "台灣": "TW", "臺灣": "TW", "香港": "HK", "澳门": "MO", "日本国": "JP",
}

// spoken are the languages whose names of countries are taken, besides English, for the country itself: what is
// official or spoken by many there. Without them "Hrvatska" would be a country nobody knows.
var spoken = map[string]string{
	"sq": "AL XK", "hy": "AM", "az": "AZ", "be": "BY", "bg": "BG", "bn": "BD IN", "bs": "BA", "ca": "AD ES", "cs": "CZ", "da": "DK GL FO",
	"de": "DE AT CH LI LU BE IT", "el": "GR CY", "et": "EE", "fa": "IR AF", "fi": "FI", "ka": "GE", "he": "IL", "hi": "IN",
	"hr": "HR BA", "hu": "HU", "is": "IS", "it": "IT CH SM VA", "ja": "JP", "kk": "KZ", "km": "KH", "ko": "KR KP", "ky": "KG", "lo": "LA",
	"lt": "LT", "lv": "LV", "mk": "MK", "mn": "MN", "ms": "MY BN SG", "my": "MM", "ne": "NP", "nl": "NL BE SR", "nb": "NO", "pl": "PL",
	"ro": "RO MD", "ru": "RU BY KZ KG", "si": "LK", "sk": "SK", "sl": "SI", "sr": "RS BA ME XK", "sr-Latn": "RS BA ME XK", "sv": "SE FI AX",
	"sw": "KE TZ UG", "ta": "IN LK SG", "th": "TH", "tr": "TR CY", "uk": "UA", "ur": "PK", "uz": "UZ", "vi": "VN", "id": "ID", "am": "ET",
	"mr": "IN", "te": "IN", "gu": "IN", "kn": "IN", "ml": "IN", "pa": "IN PK", "fil": "PH", "af": "ZA",
	"zh": "CN TW HK MO SG", "zh-Hant": "CN TW HK MO",
	"ar": "AE BH DJ DZ EG IQ JO KM KW LB LY MA MR OM PS QA SA SD SO SY TD TN YE",
	"es": "ES AR BO CL CO CR CU DO EC GQ GT HN MX NI PA PE PR PY SV UY VE US",
	"fr": "FR BE CH LU MC CA BF BI BJ CD CF CG CI CM DJ DZ GA GN GP GQ HT KM MA MG ML MQ MU NC NE PF RE RW SC SN TD TG TN VU",
	"pt": "PT BR AO CV GW MZ ST TL MO",
}

// countryNames lists the names of all countries, made when the first one is asked for.
var countryNames = sync.OnceValue(func() map[string]string {
	m := make(map[string]string, 1200)
	english := display.English.Regions()
	for code := range countryCodes {
		m[nameKey(english.Name(language.MustParseRegion(code)))] = code
	}
	for tag, codes := range spoken {
		names := display.Regions(language.MustParse(tag))
		for code := range strings.FieldsSeq(codes) {
			key := nameKey(names.Name(language.MustParseRegion(code)))
			if _, taken := m[key]; !taken && key != "" {
				m[key] = code
			}
		}
	}
	for code, name := range newNames {
		m[nameKey(name)] = code
	}
	for name, code := range otherNames {
		m[nameKey(name)] = code
	}
	return m
})

// countryOfCode returns the alpha-2 code of an alpha-2, alpha-3 or numeric code, "" when it is none.
func countryOfCode(s string) string {
	if len(s) != 2 && len(s) != 3 || !alphanumeric(s) {
		return ""
	}
	r, err := language.ParseRegion(strings.ToUpper(s))
	if err != nil {
		return ""
	}
	if code := r.String(); countryCodes[code] {
		return code
	}
	return ""
}

// CountryName returns the English name of a country by its alpha-2 code; what is no code stays as it is.
func CountryName(code string) string {
	if !countryCodes[code] {
		return code
	}
	if name := newNames[code]; name != "" {
		return name
	}
	return englishNames.get(code)
}

var englishNames = memo[string]{limit: 300, make: func(code string) string {
	return display.English.Regions().Name(language.MustParseRegion(code))
}}

// newNames are names that are newer than the CLDR of golang.org/x/text.
var newNames = map[string]string{"MK": "North Macedonia", "SZ": "Eswatini", "CV": "Cabo Verde"}

// nameKey folds a name so that case, accents, dots and "and" do not matter.
func nameKey(s string) string {
	fold := transform.Chain(norm.NFKD, runes.Remove(runes.In(unicode.Mn)), cases.Fold(), norm.NFKC)
	s, _, err := transform.String(fold, s)
	if err != nil {
		return ""
	}
	s = strings.NewReplacer(" & ", " and ", "’", "'", "‘", "'").Replace(s)
	return strings.TrimPrefix(strings.Join(strings.Fields(s), " "), "the ")
}
