package router_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// sources returns the text of every Go file of the module, by path below its root.
func sources(t *testing.T) map[string]string {
	t.Helper()
	texts := map[string]string{}
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "testdata" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case filepath.Ext(path) != ".go":
			return nil
		}
		text, err := os.ReadFile(path)
		if !generated.Match(text) {
			texts[path] = string(text)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

// generated is how the code of a generator begins (https://go.dev/s/generatedcode): it has a style of its own.
var generated = regexp.MustCompile(`(?m)^// Code generated .* DO NOT EDIT\.$`)

var (
	namedInRow = regexp.MustCompile("`([A-Za-z0-9]+)`")
	declared   = regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(t \*testing\.T\)|^\t\{"([A-Z][A-Za-z]+)", `)
)

// The tables "what goes wrong elsewhere" promise that a test proves each row; a test that was renamed or deleted must
// take its row along.
func TestNamedTestsExist(t *testing.T) {
	exists := map[string]bool{}
	for path, text := range sources(t) {
		check := strings.HasPrefix(path, filepath.Join("..", "connectors", "connectortest"))
		for _, m := range declared.FindAllStringSubmatch(text, -1) {
			exists[m[1]] = strings.HasSuffix(path, "_test.go") || exists[m[1]]
			exists[m[2]] = check || exists[m[2]]
		}
	}
	pages, err := filepath.Glob("../connectors/*/README.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := 0
	for _, page := range append(pages, "DESIGN.md") {
		for _, row := range tableRows(t, page, "| elsewhere | here | test |") {
			rows++
			cells := strings.Split(row, " | ")
			names := namedInRow.FindAllStringSubmatch(cells[len(cells)-1], -1)
			if len(names) == 0 {
				t.Errorf("%s: the row names no test: %s", page, row)
			}
			for _, name := range names {
				if !exists[name[1]] {
					t.Errorf("%s names the test %s, which is nowhere", page, name[1])
				}
			}
		}
	}
	if rows < 30 {
		t.Errorf("found %d rows, want the tables of every connector and of DESIGN.md", rows)
	}
}

// tableRows returns the rows of the table with the given head, none when the page has no such table.
func tableRows(t *testing.T, page, head string) []string {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), head+"\n|---|---|---|\n")
	if !found {
		return nil
	}
	table, _, _ := strings.Cut(rest, "\n\n")
	return strings.Split(strings.TrimSpace(table), "\n")
}

// The invariants of DESIGN.md are cited by number where they are enforced and in a test that names them.
func TestInvariantsAreCited(t *testing.T) {
	texts := sources(t)
	for n := 1; n <= 10; n++ {
		cited := regexp.MustCompile(fmt.Sprintf(`\binvariants? (\d+(, | and ))*%d\b`, n))
		var code, tests int
		for path, text := range texts {
			suite := strings.Contains(path, "connectortest") || strings.HasSuffix(path, "_test.go")
			switch {
			case !cited.MatchString(text):
			case suite:
				tests++
			default:
				code++
			}
		}
		if code == 0 || tests == 0 {
			t.Errorf("invariant %d: cited in %d files of code and in %d of tests, want at least one of each", n, code, tests)
		}
	}
}

// A page that names a file which is not there sends its reader into the void.
func TestPagesNameWhatExists(t *testing.T) {
	place := regexp.MustCompile("[`(]((?:cmd|connectors|examples|mapping|router|\\.ci)/[A-Za-z0-9_./-]*[A-Za-z0-9_])")
	var pages []string
	for _, pattern := range []string{"../*.md", "../*/*.md", "../*/*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range place.FindAllStringSubmatch(string(text), -1) {
			_, err := os.Stat(filepath.Join("..", m[1]))
			if err != nil && !strings.Contains(m[1], "acme") { // the connector of the recipe
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
	}
	if len(pages) < 5 {
		t.Errorf("found the pages %q, want those of every folder", pages)
	}
}
