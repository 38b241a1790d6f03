package router_test

import (
	"encoding/json"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "github.com/millrace/millrace/"

type pkg struct {
	ImportPath, Dir string
	Imports         []string
	GoFiles         []string
}

func packages(t *testing.T) []pkg {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []pkg
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p pkg
		if err := dec.Decode(&p); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

// room returns the layer of a package and the vendor it belongs to. Imports go down only; the contract (package
// connectors itself) is below everything, see DESIGN.md.
func room(path string) (layer int, vendor string) {
	path = strings.TrimPrefix(path, module)
	parts := strings.Split(path, "/")
	switch parts[0] {
	case "mapping":
		return 2, ""
	case "connectors":
		if len(parts) == 1 {
			return 1, ""
		}
		switch parts[1] {
		case "rest", "transport", "oauth", "form", "verbatim":
			return 2, ""
		case "all", "sandbox", "connectortest":
			return 4, ""
		}
		return 3, parts[1]
	case "router":
		if len(parts) == 1 {
			return 6, ""
		}
		return 5, ""
	}
	return 7, "" // cmd, examples
}

// vendorsOwn is generated from a vendor's contract and holds nothing of ours that a simulator could share with what it judges.
const vendorsOwn = module + "connectors/salesforce/eventbus"

// simulates reports whether a package is a vendor's simulator or a part of one.
func simulates(path string) bool {
	return strings.HasSuffix(path, "test") || strings.Contains(path, "test/")
}

// A wrong arrow is where the walls of the house begin to fall; design.md section 3.
func TestImportsGoDownOnly(t *testing.T) {
	for _, p := range packages(t) {
		from, vendor := room(p.ImportPath)
		simulator := simulates(p.ImportPath)
		for _, imp := range p.Imports {
			if !strings.HasPrefix(imp, module) {
				continue
			}
			to, other := room(imp)
			toSimulator := simulates(imp)
			switch {
			case simulator && imp == module+"connectors/sandbox": // simulators stand on what they share
			case !simulator && to == 4 && from < 6 && from != 4:
				t.Errorf("%s imports %s: the product's path never imports tests or the list", p.ImportPath, imp)
			case to > from && !(from == 4 || to == 4):
				t.Errorf("%s imports %s, which is above it", p.ImportPath, imp)
			case vendor != "" && other != "" && vendor != other:
				t.Errorf("%s imports another vendor, %s", p.ImportPath, imp)
			case simulator && vendor != "" && other == vendor && !toSimulator && imp != vendorsOwn:
				t.Errorf("%s imports the connector it judges, %s", p.ImportPath, imp)
			case vendor != "" && !simulator && toSimulator:
				t.Errorf("%s imports its simulator %s outside of tests", p.ImportPath, imp)
			}
		}
	}
}

// Every package says its duty; cheap on day one, dear later.
func TestEveryPackageHasADoc(t *testing.T) {
	for _, p := range packages(t) {
		documented := len(p.GoFiles) == 0
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil
		}
		if !documented {
			t.Errorf("%s has no package comment", p.ImportPath)
		}
	}
}
