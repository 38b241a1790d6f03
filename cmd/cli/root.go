package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
)

// app is one command line being run.
type app struct {
	connectors []connectors.Connector
	in         io.Reader
	out        io.Writer
	errOut     *screen
	args       []string
	tty        bool   // progress may be drawn
	asks       bool   // somebody is there to answer a question
	by         string // who gives the command
	dir        string // what relative names of files start from
	columns    int    // of the terminal that standard output is; 0 = it is none

	configPath string
	json       bool
	verbose    bool

	// within is the running daemon's hub when the command came over its socket.
	within *hub
	// openPage opens a page in the browser where the person is; nil = on this machine.
	openPage func(address string)
}

// root returns the command tree.
func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "millrace",
		Short: "Keep the project tool up to date with what sales, support and marketing tools know",
		Long: `Millrace reads what sales, support and marketing tools know about a customer, resolves it into one
customer record, and keeps the project tool showing the work that follows from it.

Exit codes: 0 done, 1 failed while running, 2 bad configuration, mapping, rule or flag,
3 a vendor, the disk or the database cannot be reached or refuses us.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       version(),
	}
	asGroup(root)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return withCode(exitConfig, err) })
	flags := root.PersistentFlags()
	flags.StringVarP(&a.configPath, "config", "c", "millrace.yaml", "configuration file")
	flags.BoolVar(&a.json, "json", false, "write machine-readable JSON")
	flags.BoolVarP(&a.verbose, "verbose", "v", false, "log more")
	root.AddCommand(a.demoCmd(), a.sandboxCmd(), a.initCmd(), a.configCmd(), a.authCmd(), a.checkCmd(), a.planCmd(), a.backfillCmd(),
		a.daemonCmd(), a.statusCmd(), a.compactCmd(), a.deadCmd(), a.versionCmd(), a.docsCmd(), a.benchCmd(),
		a.customerCmd(), a.identityCmd(), a.webhookCmd())
	return root
}

// asGroup makes a command that only has subcommands say which ones there are when another one is asked for.
func asGroup(cmd *cobra.Command) {
	cmd.Args = cobra.ArbitraryArgs
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		var names []string
		for _, c := range cmd.Commands() {
			if !c.Hidden {
				names = append(names, c.Name())
			}
		}
		hint := "`" + cmd.CommandPath() + " --help` lists the commands"
		if near := connectors.Nearest(args[0], names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return withCode(exitConfig, fmt.Errorf("%s has no command %q; %s", cmd.CommandPath(), args[0], hint))
	}
}

// exactly makes a wrong number of arguments an error of the configuration, with the usage line.
func exactly(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != n {
			return wrongArgs(cmd, args)
		}
		return nil
	}
}

// atMost is exactly for commands whose arguments may be left out.
func atMost(n int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) > n {
			return wrongArgs(cmd, args)
		}
		return nil
	}
}

// from is exactly for commands that take at least and at most so many.
func from(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return wrongArgs(cmd, args)
		}
		return nil
	}
}

func wrongArgs(cmd *cobra.Command, args []string) error {
	return withCode(exitConfig, fmt.Errorf("%s does not take %s; usage: %s", cmd.CommandPath(), plural(len(args), "argument"), cmd.UseLine()))
}

func (a *app) load() (*config.Config, error) { return config.Load(a.configPath, a.find) }

// logger returns the log of a command: to standard error, so that standard output stays a result. It is JSON where
// the configuration says so, and for a daemon that nobody watches.
func (a *app) logger(c config.Log, daemon bool) *slog.Logger {
	level := slog.LevelInfo
	switch c.Level {
	case "debug":
		level = slog.LevelDebug
	case "warn":
		level = slog.LevelWarn
	case "error":
		level = slog.LevelError
	}
	if a.verbose {
		level = slog.LevelDebug
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" || c.Format == "" && daemon && !a.tty {
		return slog.New(slog.NewJSONHandler(a.errOut, o))
	}
	return slog.New(slog.NewTextHandler(a.errOut, o))
}

// withHub runs fn with an open ledger: the daemon's when one is running (the command line is sent there), our own
// otherwise.
func (a *app) withHub(ctx context.Context, o hubOptions, fn func(context.Context, *hub) error) error {
	if a.within != nil {
		return fn(ctx, a.within)
	}
	// Where the ledger is can be known without secrets, and a daemon has them.
	cfg, err := config.LoadOffline(a.configPath, a.find)
	if err != nil && !o.offline {
		cfg, err = a.load() // it says better what is missing
	}
	if err != nil {
		return err
	}
	code, found, err := a.runRemote(ctx, cfg.Data)
	if found {
		if err == nil && code != exitDone {
			err = errRemote
		}
		return withCode(code, err)
	}
	if err != nil {
		return err
	}
	if !o.offline {
		if cfg, err = a.load(); err != nil {
			return err
		}
	}
	h, err := openHub(ctx, cfg, a.logger(cfg.Log, false), o)
	if err != nil {
		return err
	}
	defer h.close()
	return fn(ctx, h)
}

// errRemote ends a command whose error the daemon has already shown.
var errRemote = errors.New("the daemon has shown why")

// makeDataDir creates the data directory, for its owner only.
func makeDataDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return withCode(exitUnreachable, fmt.Errorf("create data directory: %w", err))
	}
	return nil
}

// find returns the connector of that name.
func (a *app) find(name string) (connectors.Connector, bool) {
	for _, c := range a.connectors {
		if c.Spec.Name == name {
			return c, true
		}
	}
	return connectors.Connector{}, false
}
