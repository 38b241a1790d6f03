package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The command line's tests are readable shell files in testdata/script.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"millrace": func() {
			ctx, stop := signals(context.Background(), os.Exit)
			code := Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
			stop()
			os.Exit(code)
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script"})
}
