package crashtest

import (
	"os"
	"testing"

	"github.com/millrace/millrace/cmd/cli"
	"github.com/millrace/millrace/connectors/all"
)

// asProgram makes the test binary be the program, so that what is killed is the real thing without a second build.
const asProgram = "MILLRACE_CRASHTEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		if err := limitFiles(); err != nil {
			panic(err)
		}
		os.Exit(cli.Main(all.List, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	os.Exit(m.Run())
}
