package cli

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/millrace/millrace/connectors/all"
)

// The command line's tests are readable shell files in testdata/script.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"millrace": func() {
			os.Exit(Main(all.List, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}
