package compare

import "strings"

// short unifies the words of an address that are as often written short as long, in the languages where that is so.
var short = map[string]string{
	"street": "st", "str": "st", "strasse": "st", "saint": "st", "avenue": "ave", "av": "ave", "boulevard": "blvd", "road": "rd", "drive": "dr",
	"lane": "ln", "court": "ct", "place": "pl", "square": "sq", "highway": "hwy", "parkway": "pkwy", "pky": "pkwy", "terrace": "ter", "tce": "ter",
	"circuit": "cct", "circle": "cir", "crescent": "cres", "cr": "cres", "close": "cl", "north": "n", "south": "s", "east": "e", "west": "w",
	"northeast": "ne", "northwest": "nw", "southeast": "se", "southwest": "sw", "apartment": "apt", "suite": "ste", "floor": "fl",
	"building": "bldg", "mount": "mt", "fort": "ft", "ulica": "ul", "platz": "pl", "calle": "c", "rue": "r", "via": "v", "piazza": "p",
}

// streetOf returns the tokens of a street, the number of the house, and the rest as one text.
func streetOf(s string) (list []string, number, road string) {
	list = tokens(Fold(joinInitials(s)))
	at := -1
	for i, t := range list {
		if at < 0 && t[0] >= '0' && t[0] <= '9' {
			at, number = i, t
		}
		if abbreviation, ok := short[t]; ok {
			list[i] = abbreviation
		} else if root, ok := strings.CutSuffix(t, "strasse"); ok {
			list[i] = root + "str"
		}
	}
	if at <= 0 {
		return list, number, strings.Join(list[at+1:], " ")
	}
	return list, number, strings.Join(append(list[:at:at], list[at+1:]...), " ")
}
