package canonical

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// TimeLayout is the normal form of a Time value: RFC 3339, UTC, milliseconds.
const TimeLayout = "2006-01-02T15:04:05.000Z"

var (
	errTime = errors.New("not an ISO 8601 time or milliseconds since 1970")
	errDate = errors.New("not an ISO 8601 date or time")
)

// layouts are the forms of a point in time that vendors write. Salesforce leaves the colon out of the offset; a time
// without offset is taken in the zone given.
var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02 15:04:05.999999999",
	"2006-01-02T15:04Z07:00",
	"2006-01-02",
}

// ParseTime reads an ISO 8601 time, or milliseconds since 1970 as HubSpot's older properties have them. A time that
// does not say its offset is taken in zone, nil meaning UTC. The result is in UTC, cut to milliseconds, between the
// years 1 and 9999.
func ParseTime(s string, zone *time.Location) (time.Time, error) {
	s = strings.TrimSpace(s)
	if zone == nil {
		zone = time.UTC
	}
	if milliseconds(s) {
		ms, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return time.Time{}, errTime
		}
		return inRange(time.UnixMilli(ms))
	}
	for _, layout := range layouts {
		if t, err := time.ParseInLocation(layout, s, zone); err == nil {
			return inRange(t)
		}
	}
	return time.Time{}, errTime
}

func inRange(t time.Time) (time.Time, error) {
	t = t.UTC().Truncate(time.Millisecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return time.Time{}, errTime
	}
	return t, nil
}

// milliseconds tells a count of milliseconds from a compact date or a year: it has a sign or more than eight digits.
func milliseconds(s string) bool {
	if strings.HasPrefix(s, "-") {
		return len(s) > 1 && digits(s[1:])
	}
	return len(s) > 8 && digits(s) || s == "0"
}

// CleanDate returns a full-date. A date stays what it is; a point in time becomes its date in the zone given, nil
// meaning UTC: HubSpot keeps dates as midnight UTC.
func CleanDate(s string, zone *time.Location) (string, error) {
	s = strings.TrimSpace(s)
	if len(s) == 8 && digits(s) {
		s = s[:4] + "-" + s[4:6] + "-" + s[6:]
	}
	if len(s) == len(time.DateOnly) {
		t, err := time.Parse(time.DateOnly, s)
		if err != nil || t.Year() < 1 {
			return "", errDate
		}
		return s, nil
	}
	t, err := ParseTime(s, zone)
	if err != nil {
		return "", errDate
	}
	if zone == nil {
		zone = time.UTC
	}
	return t.In(zone).Format(time.DateOnly), nil
}

// CleanDay is CleanDate for a source whose dates are of another calendar, or written with other digits.
func CleanDay(s string, o Options) (string, error) {
	if o.Calendar != "" && o.Calendar != Gregorian {
		return o.Calendar.toGregorian(s)
	}
	return CleanDate(foldDigits(s), o.Zone)
}

// CleanBirthday returns a full-date, or --MM-DD when the year is not known: `--05-17`, `--0517` and `05-17` are taken.
// Which years are plausible is not decided here: a claim is never lost.
func CleanBirthday(s string, o Options) (string, error) {
	s = strings.TrimSpace(s)
	if day, yearless := strings.CutPrefix(s, "--"); yearless || len(s) == 5 {
		if len(day) == 4 {
			day = day[:2] + "-" + day[2:]
		}
		if _, err := time.Parse(time.DateOnly, "2000-"+day); err != nil || len(day) != 5 {
			return "", errDate
		}
		return "--" + day, nil
	}
	return CleanDay(s, o)
}

// CleanBool reads true and false, also as vendors write them in text: 1, 0, yes, no.
func CleanBool(s string) (bool, error) {
	switch strings.ToLower(strings.TrimSpace(s)) {
	case "true", "1", "yes", "y":
		return true, nil
	case "false", "0", "no", "n":
		return false, nil
	}
	return false, errors.New("not true or false")
}
