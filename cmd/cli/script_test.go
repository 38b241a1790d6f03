package cli

import (
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/millrace/millrace/connectors/all"
)

// The command line's tests are readable shell files in testdata/script. Beside testscript's own commands they have:
//
//	start NAME REGEXP PROGRAM ARG...   run in the background, wait until its output matches
//	signal NAME TERM|INT|KILL          send a signal to it
//	ended NAME CODE                    wait until it has ended with that code; -1 = by a signal; its output is stdout, stderr
//	access NAME                        set $HUBSPOT_TOKEN, $ASANA_URL … to what the sandbox of that name says
//	exits CODE PROGRAM ARG...          run, and demand that exit code
//	until REGEXP PROGRAM ARG...        run again and again until standard output matches
//	http METHOD URL [BODY]             call a simulated vendor with its token; the answer is stdout
//	records FILE                       put the records of FILE, one a line, into the ledger of millrace.yaml
//	receives NAME VARIABLE             set a variable to where that program receives webhooks
//	hook URL SECRET BODY               deliver a webhook as Zendesk does; the status is stdout
//	xdg-open                           a browser that presses the button $FAKE_BROWSER names: allow, deny; or is lost
//	board                              print every project's board page of the simulated Asana
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"millrace": func() {
			os.Exit(Main(all.List, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
		"xdg-open": func() {
			if err := fakeBrowser(os.Args[len(os.Args)-1]); err != nil {
				fmt.Fprintln(os.Stderr, "fake browser:", err)
				os.Exit(1)
			}
		},
	})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", Cmds: scriptCommands, RequireExplicitExec: false})
}
