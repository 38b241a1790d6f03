package field

import (
	"strconv"
	"strings"
	"time"
)

// Date reads a date as RFC 5322 writes it, with its obsolete forms (RFC 822: named zones, years of two digits, no seconds,
// comments anywhere), and as others do: ISO 8601, ctime, hyphens, names in full, a zone with a colon. It checks that the date
// exists, not that it is likely.
func Date(value []byte) (time.Time, bool) {
	s := strings.TrimSpace(string(stripComments(value)))
	if len(s) > 100 {
		return time.Time{}, false
	}
	if len(s) >= 10 && s[4] == '-' && s[7] == '-' {
		if t, ok := isoDate(s); ok {
			return t, true
		}
	}
	d := dateReader{year: -1, hour: -1}
	s = dateMarks.Replace(s)
	if strings.Contains(s, " :") || strings.Contains(s, ": ") { // spaces may stand anywhere (RFC 5322 4.3)
		s = strings.ReplaceAll(strings.ReplaceAll(strings.Join(strings.Fields(s), " "), " :", ":"), ": ", ":")
	}
	for w := range strings.FieldsSeq(s) {
		d.word(w)
	}
	return d.date()
}

// dateMarks parts what stands together in 30-Nov-2026 and 11:00-0500.
var dateMarks = strings.NewReplacer(",", " ", ".", " ", "-", " -", "_", " ", "\"", " ")

func isoDate(s string) (time.Time, bool) {
	s = strings.Replace(s, " ", "T", 1)
	s = strings.Replace(s, " ", "", 1)
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05", "2006-01-02T15:04Z0700", "2006-01-02"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// dateReader takes the words of a date one by one: each says by its shape what it is.
type dateReader struct {
	day, month, year     int
	hour, minute, second int
	zone                 int // seconds east of Greenwich
	bad                  bool
	pm, am               bool
}

var months = map[string]int{"jan": 1, "feb": 2, "mar": 3, "apr": 4, "may": 5, "jun": 6, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "nov": 11, "dec": 12}

// zones of RFC 822, and those that mailers write beside it. A letter says nothing: RFC 822 had the sign of the military zones
// wrong, so they count as UTC (RFC 5322 4.3); so does what nobody knows.
var zones = map[string]int{"ut": 0, "utc": 0, "gmt": 0, "z": 0, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7,
	"cet": 1, "cest": 2, "met": 1, "mest": 2, "mez": 1, "mesz": 2, "bst": 1, "wet": 0, "west": 1, "eet": 2, "eest": 3, "msk": 3, "jst": 9, "kst": 9, "hst": -10,
	"akst": -9, "akdt": -8, "aest": 10, "aedt": 11, "nzst": 12, "nzdt": 13, "sgt": 8, "hkt": 8}

// word takes one word.
func (d *dateReader) word(w string) {
	lower := strings.ToLower(w)
	c := lower[0]
	sign := c == '+' || c == '-'
	switch {
	case sign && d.hour < 0 && len(w) > 1:
		d.word(w[1:]) // the hyphen of 30-Nov-2026
	case strings.IndexByte(w, ':') > 0 && !sign:
		d.clock(w)
	case sign && d.hour >= 0:
		d.offset(w)
	case '0' <= c && c <= '9':
		d.number(w)
	case months[lower[:min(3, len(lower))]] > 0 && d.month == 0:
		d.month = months[lower[:3]]
	case lower == "pm":
		d.pm = true
	case lower == "am":
		d.am = true
	default:
		d.named(lower)
	}
}

// named takes a zone's name; GMT+0200 is one too.
func (d *dateReader) named(w string) {
	if d.hour < 0 {
		return // the day of the week
	}
	if i := strings.IndexAny(w, "+-"); i > 0 {
		d.offset(w[i:])
		return
	}
	if h, ok := zones[w]; ok && d.zone == 0 {
		d.zone = h * 3600
	}
}

// clock takes 15:04:05 or 15:04.
func (d *dateReader) clock(w string) {
	zone := strings.IndexAny(w, "+-")
	if zone > 0 {
		defer d.offset(w[zone:])
		w = w[:zone]
	}
	parts := strings.Split(strings.TrimSuffix(w, ":"), ":")
	if len(parts) > 3 || d.hour >= 0 {
		d.bad = true
		return
	}
	var n [3]int
	for i, p := range parts {
		v, err := strconv.Atoi(p)
		if err != nil || v < 0 {
			d.bad = true
		}
		n[i] = v
	}
	d.hour, d.minute, d.second = n[0], n[1], min(n[2], 59) // a leap second is the one before it
	d.bad = d.bad || n[0] > 23 || n[1] > 59 || n[2] > 60
}

// offset takes +0200, +02:00, +2 or -0000.
func (d *dateReader) offset(w string) {
	digits := strings.ReplaceAll(w[1:], ":", "")
	v, err := strconv.Atoi(digits)
	if err != nil || len(digits) > 4 {
		return
	}
	if len(digits) <= 2 {
		v *= 100
	}
	seconds := v/100*3600 + v%100*60
	if seconds > 15*3600 || v%100 > 59 {
		return // no place on Earth
	}
	if w[0] == '-' {
		seconds = -seconds
	}
	d.zone = seconds
}

// number takes the day or the year: the day has one or two digits and comes first but in ctime's form, where it does too.
func (d *dateReader) number(w string) {
	v, err := strconv.Atoi(w)
	switch {
	case err != nil:
		d.bad = true
	case d.day == 0 && len(w) <= 2:
		d.day = v
	case d.year < 0:
		d.year = v
		if len(w) <= 3 { // RFC 5322 4.3
			d.year += 1900
			if v < 50 && len(w) <= 2 {
				d.year = 2000 + v
			}
		}
	}
}

func (d *dateReader) date() (time.Time, bool) {
	if d.bad || d.month == 0 || d.day < 1 || d.year < 0 || d.year > 9999 {
		return time.Time{}, false
	}
	hour := max(d.hour, 0)
	if d.pm && hour < 12 {
		hour += 12
	}
	if d.am && hour == 12 {
		hour = 0
	}
	t := time.Date(d.year, time.Month(d.month), d.day, hour, d.minute, d.second, 0, time.UTC)
	if t.Day() != d.day {
		return time.Time{}, false
	}
	t = t.Add(-time.Duration(d.zone) * time.Second)
	return t, t.Year() >= 0 && t.Year() <= 9999
}
