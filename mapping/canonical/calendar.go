package canonical

import (
	"fmt"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// Calendar is the calendar a source writes its dates in. The normal form is always Gregorian.
type Calendar string

// The calendars.
const (
	Gregorian Calendar = "gregorian" // also for ""
	Persian   Calendar = "persian"   // Solar Hijri, as in Iran and Afghanistan: 1404-09-01
	Buddhist  Calendar = "buddhist"  // Gregorian days, years from 543 BC, as in Thailand: 2569-11-22
	Islamic   Calendar = "islamic"   // tabular, civil epoch; what is seen at the sky may differ by a day
)

// Calendars lists the calendars.
func Calendars() []string {
	return []string{string(Gregorian), string(Persian), string(Buddhist), string(Islamic)}
}

// toGregorian converts a date, given as year, month and day in any order of separators (1404-09-01, 1404/9/1), with
// digits of any script. A time after the date is cut off: its day is what the source meant.
func (c Calendar) toGregorian(s string) (string, error) {
	year, month, day, ok := splitDate(foldDigits(strings.TrimSpace(s)))
	if !ok {
		return "", errDate
	}
	var number int // of the day, Julian
	switch c {
	case Persian:
		if month < 1 || month > 12 || day < 1 || day > persianDays(year, month) {
			return "", errDate
		}
		number = persianDay(year, month, day)
	case Islamic:
		if month < 1 || month > 12 || day < 1 || day > islamicDays(year, month) {
			return "", errDate
		}
		number = islamicDay(year, month, day)
	case Buddhist:
		year -= 543
		fallthrough
	default:
		return checkedDate(year, month, day)
	}
	at := time.Unix(int64(number-2440588)*86400, 0).UTC() // the epoch is Julian day 2440588
	return checkedDate(at.Year(), int(at.Month()), at.Day())
}

func checkedDate(year, month, day int) (string, error) {
	if year < 1 || year > 9999 {
		return "", errDate
	}
	s := fmt.Sprintf("%04d-%02d-%02d", year, month, day)
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		return "", errDate
	}
	return s, nil
}

// splitDate reads three numbers, the first of which is the year.
func splitDate(s string) (year, month, day int, ok bool) {
	if i := strings.IndexAny(s, "T "); i > 0 {
		s = s[:i]
	}
	parts := strings.FieldsFunc(s, func(r rune) bool { return r == '-' || r == '/' || r == '.' })
	if len(parts) != 3 || len(parts[0]) != 4 || len(parts[1]) > 2 || len(parts[2]) > 2 {
		return 0, 0, 0, false
	}
	var err [3]error
	year, err[0] = strconv.Atoi(parts[0])
	month, err[1] = strconv.Atoi(parts[1])
	day, err[2] = strconv.Atoi(parts[2])
	return year, month, day, err == [3]error{}
}

// foldDigits writes the digits of every script as ASCII; Persian and Arabic sources write dates with their own.
func foldDigits(s string) string {
	if ascii(s) {
		return s
	}
	return strings.Map(func(r rune) rune {
		if r < 0x80 || !unicode.Is(unicode.Nd, r) {
			return r
		}
		return '0' + digitValue(r)
	}, s)
}

// digitValue returns what a decimal digit of Unicode is worth: all sets of ten begin at a code point that ends in 0 or
// in 6, but for the mathematical ones, which follow each other from U+1D7CE.
func digitValue(r rune) rune {
	low := r & 0xF
	switch {
	case r >= 0x1D7CE && r <= 0x1D7FF:
		return (r - 0x1D7CE) % 10
	case unicode.Is(unicode.Nd, r-low):
		return low
	}
	return low - 6
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}

// persianDay returns the Julian day of a date of the Solar Hijri calendar. Leap years come 8 in 33, which agrees with
// the astronomical calendar from 1178 to 1633 (1799 to 2255); beyond it may be a day off.
// See https://www.fourmilab.ch/documents/calendar/ and Borkowski, "The Persian calendar for 3000 years".
func persianDay(year, month, day int) int {
	days := day
	if month <= 7 {
		days += (month - 1) * 31
	} else {
		days += (month-1)*30 + 6
	}
	return 1948319 + 365*(year-1) + (8*year+21)/33 + days
}

func persianDays(year, month int) int {
	switch {
	case month <= 6:
		return 31
	case month <= 11:
		return 30
	}
	return persianDay(year+1, 1, 1) - persianDay(year, 12, 1)
}

// islamicDay returns the Julian day of a date of the tabular Islamic calendar: a cycle of 30 years with 11 leap years,
// the second, fifth, seventh and so on, civil epoch (16 July 622, Julian).
func islamicDay(year, month, day int) int {
	return day + (59*(month-1)+1)/2 + (year-1)*354 + (3+11*year)/30 + 1948439
}

func islamicDays(year, month int) int {
	if month < 12 {
		return 29 + month%2
	}
	return islamicDay(year+1, 1, 1) - islamicDay(year, 12, 1)
}
