// Command millrace keeps a project tool up to date with what sales, support and marketing tools know about each
// customer. See README.md; `millrace help` lists the commands. All it does is choose the connectors; package cmd/cli
// is the program.
package main

import (
	"os"

	"github.com/millrace/millrace/cmd/cli"
	"github.com/millrace/millrace/connectors/all"
)

func main() {
	os.Exit(cli.Main(all.List, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
