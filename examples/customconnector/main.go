// Command customconnector is millrace with one more connector: the whole program is a list and a call. Copy the folder
// toycrm, put your vendor in its place, and build this.
package main

import (
	"os"
	"slices"

	"github.com/millrace/millrace/cmd/cli"
	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/examples/customconnector/toycrm"
)

func main() {
	list := append(slices.Clone(all.List), toycrm.Connector)
	os.Exit(cli.Main(list, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
