package imap

import (
	"errors"
	"regexp"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors/imap/wire"
)

// choice says which folders are read.
type choice struct{ include, exclude *regexp.Regexp }

// leftOut are the folders that are not read unless they are named: what nobody sent or wants, and views of what lies in
// other folders (RFC 6154).
var leftOut = []string{"trash", "junk", "drafts", "flagged", "important"}

// chosen makes a choice of patterns.
func chosen(include, exclude []string) (c choice, err error) {
	if slices.Contains(include, "") || slices.Contains(exclude, "") {
		return c, errors.New("folders, exclude: a pattern is not empty")
	}
	c.include, c.exclude = pattern(include), pattern(exclude)
	return c, nil
}

// pattern matches a name with any of the patterns, whatever its case: INBOX has none (RFC 3501, 5.1), and people do not
// know that of other folders. Nil for no patterns.
func pattern(list []string) *regexp.Regexp {
	if len(list) == 0 {
		return nil
	}
	parts := make([]string, len(list))
	for i, one := range list {
		parts[i] = strings.ReplaceAll(regexp.QuoteMeta(one), `\*`, `.*`)
	}
	return regexp.MustCompile(`(?is)^(?:` + strings.Join(parts, "|") + `)$`)
}

// reads reports whether a folder is read.
func (c choice) reads(f wire.Folder) bool {
	if c.exclude != nil && c.exclude.MatchString(f.Name) {
		return false
	}
	if c.include != nil {
		return c.include.MatchString(f.Name)
	}
	return !slices.ContainsFunc(f.Uses, func(use string) bool { return slices.Contains(leftOut, use) })
}
