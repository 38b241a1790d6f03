package salesforce

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// pageRows is the most rows Salesforce returns at once.
	pageRows = 2000
	// maxSelect is how many bytes of an address the list of fields may take. Address and headers together must stay below
	// 16,384 bytes, and an access token alone may have 2,000.
	// https://developer.salesforce.com/docs/atlas.en-us.salesforce_app_limits_cheatsheet.meta/salesforce_app_limits_cheatsheet/salesforce_app_limits_platform_api.htm
	maxSelect = 10_000
	// maxIDs is how many bytes the ids in a query may take beside it.
	maxIDs = 3_000
)

// literal writes an instant as SOQL wants it: unquoted, in UTC, with milliseconds.
func literal(ms int64) string { return time.UnixMilli(ms).UTC().Format("2006-01-02T15:04:05.000Z") }

// selection returns the SELECT list of an object as it stands in an address.
func (l *layout) selection(o object) string {
	return url.QueryEscape(strings.Join(l.columns(o), ","))
}

// columns are everything that is read of a row: its fields, the parent's, and its children.
func (l *layout) columns(o object) []string {
	list := l.names()
	if l.parent != "" {
		list = append(list, l.parent)
	}
	for _, c := range l.children(o) {
		list = append(list, "(SELECT "+strings.Join(c.fields, ",")+" FROM "+c.relationship+" WHERE "+c.where+" ORDER BY Id)")
	}
	return list
}

// relation is a child list by the name that a query uses.
type relation struct {
	child
	relationship string
}

// children returns the lists of children that the user can read.
func (l *layout) children(o object) []relation {
	var list []relation
	for _, c := range o.children {
		if rel := l.lists[c.sobject]; rel != "" && (c.instead == "" || l.lists[c.instead] == "") {
			if len(l.without) > 0 {
				c.fields = slices.DeleteFunc(slices.Clone(c.fields), func(name string) bool { return slices.Contains(l.without, c.sobject+"."+name) })
			}
			list = append(list, relation{c, rel})
		}
	}
	return list
}

// narrow are the fields that say of a row where it stands; the rest of a wide one is asked for by id.
func (l *layout) narrow() []string {
	list := []string{"Id"}
	for _, name := range []string{l.stamp, "IsDeleted", "MasterRecordId"} {
		if _, ok := l.index[name]; ok {
			list = append(list, name)
		}
	}
	return list
}

// soql builds a query. An empty condition is none.
type soql struct {
	fields []string
	from   string
	where  []string
	order  string
	limit  int
}

func (q soql) String() string {
	text := "SELECT " + strings.Join(q.fields, ",") + " FROM " + q.from
	where := slices.DeleteFunc(slices.Clone(q.where), func(s string) bool { return s == "" })
	if len(where) > 0 {
		text += " WHERE " + strings.Join(where, " AND ")
	}
	if q.order != "" {
		text += " ORDER BY " + q.order
	}
	if q.limit > 0 {
		text += " LIMIT " + strconv.Itoa(q.limit)
	}
	return text
}

// after is the condition for rows behind an id, none for the first page.
func after(id string) string {
	if id == "" {
		return ""
	}
	return "Id > '" + id + "'"
}

// until is the condition for rows stamped no later than the bound.
func (l *layout) until(bound int64) string {
	if l.stamp == "" || bound == 0 {
		return ""
	}
	return l.stamp + " <= " + literal(bound)
}

// within returns the conditions for what is left of a window: behind the last row by stamp and id together. A stamp
// alone would lose, or repeat for ever, what shares one.
func (l *layout) within(w window) []string {
	to := l.until(w.To)
	if w.ID == "" {
		return []string{l.stamp + " >= " + literal(w.From), to}
	}
	at := literal(w.At)
	return []string{"(" + l.stamp + " > " + at + " OR (" + l.stamp + " = " + at + " AND Id > '" + w.ID + "'))", to}
}

// oneOf is the condition for ids.
func oneOf(field string, ids []string) string {
	return field + " IN ('" + strings.Join(ids, "','") + "')"
}

// idsAtOnce is how many ids fit into one query beside a list of fields: each takes 27 bytes of an address, its quotes
// and comma escaped.
func idsAtOnce(selection int) int {
	return (maxSelect + maxIDs - min(selection, maxSelect)) / 27
}
