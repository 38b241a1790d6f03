package salesforcetest

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

//go:embed objects.txt
var standardObjects string

// features are the parts of the schema that an organization has or has not.
func (o Options) features() map[string]bool {
	return map[string]bool{"": true, "person": o.PersonAccounts, "codes": o.StatePicklists, "currency": o.MultiCurrency}
}

// standard adds the objects of objects.txt. What is wrong with the file is the package's mistake and panics.
func (s *Server) standard() {
	features := s.opt.features()
	var t *table
	for n, line := range strings.Split(standardObjects, "\n") {
		if line == "" || line[0] == '#' {
			continue
		}
		parts := strings.Split(line, " : ")
		if head, ok := strings.CutPrefix(parts[0], "object "); ok {
			t = s.standardObject(head, parts[1:], features)
			continue
		}
		if t == nil {
			continue
		}
		f, feature, err := parseField(parts)
		if err != nil {
			panic(fmt.Sprintf("salesforcetest: objects.txt:%d: %v", n+1, err))
		}
		if features[feature] {
			t.define(f)
		}
	}
}

// standardObject reads "Account 001 Account / Accounts" and its words; nil is an object the organization does not have.
func (s *Server) standardObject(head string, words []string, features map[string]bool) *table {
	name, rest, _ := strings.Cut(head, " ")
	prefix, labels, _ := strings.Cut(rest, " ")
	label, plural, _ := strings.Cut(labels, " / ")
	t := newTable(name, prefix, label, plural)
	var without []string
	for _, w := range strings.Fields(strings.Join(words, " ")) {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "merge":
			t.mergeable = true
		case "setup", "history":
			t.system = true
		case "nodelete":
			t.keep = true
		case "no":
			without = strings.Split(value, ",")
		case "if":
			if !features[value] {
				return nil
			}
		}
	}
	t.systemFields(without)
	s.tables[strings.ToLower(name)] = t
	return t
}

// fieldType splits "string(255)" and "currency(18,2)".
var fieldType = regexp.MustCompile(`^([A-Za-z]+)(?:\(([0-9]+)(?:,([0-9]+))?\))?$`)

// parseField reads the parts of a line and returns the field and the feature it belongs to.
func parseField(parts []string) (Field, string, error) {
	if len(parts) < 3 {
		return Field{}, "", fmt.Errorf("want name : label : type, got %q", parts)
	}
	words := strings.Fields(parts[2])
	m := fieldType.FindStringSubmatch(words[0])
	if m == nil {
		return Field{}, "", fmt.Errorf("type %q", words[0])
	}
	f := Field{Name: parts[0], Label: parts[1], Type: m[1]}
	if m[3] == "" {
		f.Length, _ = strconv.Atoi(m[2])
	} else {
		f.Precision, _ = strconv.Atoi(m[2])
		f.Scale, _ = strconv.Atoi(m[3])
	}
	feature := ""
	for _, w := range words[1:] {
		key, value, _ := strings.Cut(w, "=")
		if key == "if" {
			feature = value
		} else if !f.word(key, value) {
			return Field{}, "", fmt.Errorf("word %q", w)
		}
	}
	if len(parts) > 3 {
		for v := range strings.SplitSeq(parts[3], "|") {
			plain := strings.TrimPrefix(v, "*")
			if plain != v {
				f.Default = plain
			}
			f.Picklist = append(f.Picklist, plain)
		}
	}
	return f, feature, nil
}

// word applies one of the words of objects.txt and reports whether it knows it.
func (f *Field) word(key, value string) bool {
	switch key {
	case "to":
		f.ReferenceTo = strings.Split(value, ",")
	case "as":
		f.Relationship = value
	case "children":
		f.Children = value
	case "of":
		f.Compound = value
	default:
		flag := map[string]*bool{"required": &f.Required, "readonly": &f.ReadOnly, "createonly": &f.CreateOnly, "name": &f.NameField, "lookup": &f.Lookup,
			"restricted": &f.Restricted, "cascade": &f.Cascade, "owner": &f.owner, "updateonly": &f.updateOnly, "notnull": &f.notNull, "zero": &f.zero}[key]
		if flag == nil {
			return false
		}
		*flag = true
	}
	return true
}

// systemFields defines the fields that nobody writes, less those in without.
func (t *table) systemFields(without []string) {
	user := []string{"User"}
	for _, f := range []Field{
		{Name: "Id", Label: t.label + " ID", Type: "id", Length: 18, system: sysID, Lookup: true},
		{Name: "IsDeleted", Label: "Deleted", Type: "boolean", Default: false, system: sysDeleted},
		{Name: "CreatedDate", Label: "Created Date", Type: "datetime", system: sysCreated},
		{Name: "CreatedById", Label: "Created By ID", Type: "reference", ReferenceTo: user, Relationship: "CreatedBy"},
		{Name: "LastModifiedDate", Label: "Last Modified Date", Type: "datetime", system: sysModified},
		{Name: "LastModifiedById", Label: "Last Modified By ID", Type: "reference", ReferenceTo: user, Relationship: "LastModifiedBy"},
		{Name: "SystemModstamp", Label: "System Modstamp", Type: "datetime", system: sysStamp},
	} {
		if !slices.Contains(without, f.Name) {
			f.ReadOnly = true
			t.define(f)
		}
	}
}

// AddObject adds a custom object (its name ends in __c) with the fields every one has (Name, OwnerId) and those given.
// The prefix is the first three characters of its ids. Adding an object again panics, as it is the test's mistake.
func (s *Server) AddObject(name, prefix string, fields ...Field) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.tables[strings.ToLower(name)] != nil || len(prefix) != 3 {
		panic(fmt.Sprintf("salesforcetest: add object %s with prefix %q: it exists already or the prefix has not three characters", name, prefix))
	}
	label := strings.ReplaceAll(strings.TrimSuffix(name, "__c"), "_", " ")
	t := newTable(name, prefix, label, label+"s")
	t.systemFields(nil)
	t.define(Field{Name: "Name", Label: label + " Name", Length: 80, NameField: true})
	t.define(Field{Name: "OwnerId", Label: "Owner ID", Type: "reference", ReferenceTo: []string{"Group", "User"}, Relationship: "Owner", owner: true})
	for _, f := range fields {
		t.define(f)
	}
	s.tables[strings.ToLower(name)] = t
	s.schemaChanged = s.now()
}

// AddField adds a field to an object, empty in the rows that are there.
func (s *Server) AddField(object string, f Field) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mustTable(object).define(f)
	s.schemaChanged = s.now()
}

// HideField takes a field away by field-level security: it is gone from describes, queries answer INVALID_FIELD and
// writes of it fail. The values stay.
func (s *Server) HideField(object, name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.mustTable(object).byName[strings.ToLower(name)]
	if f == nil {
		panic(fmt.Sprintf("salesforcetest: hide %s.%s: there is no such field", object, name))
	}
	f.hidden = true
	s.schemaChanged = s.now()
}
