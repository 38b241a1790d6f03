package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router"
)

// checkScope says which connection or stream of a command line does not exist, before anything is read.
func checkScope(cfg *config.Config, scope router.Scope) error {
	var sources []string
	for _, c := range cfg.Connections {
		if readable(c) {
			sources = append(sources, c.Name)
		}
	}
	for _, name := range scope.Connections {
		if slices.Contains(sources, name) {
			continue
		}
		if _, there := cfg.Connection(name); there {
			return fmt.Errorf("--connection %s: it is only written to; %s", name, haveList("read are", sources))
		}
		return fmt.Errorf("--connection %s: %s", name, unknown("connection", name, sources))
	}
	var streams []string
	for _, c := range cfg.Connections {
		if readable(c) && (len(scope.Connections) == 0 || slices.Contains(scope.Connections, c.Name)) {
			streams = append(streams, streamsOf(c)...)
		}
	}
	for _, name := range scope.Streams {
		if !slices.Contains(streams, name) {
			return fmt.Errorf("--stream %s: %s", name, unknown("stream", name, streams))
		}
	}
	return nil
}

// readable reports whether a connection is a source.
func readable(c config.Connection) bool {
	return slices.Contains(c.Connector.Spec.Does, connectors.Reads)
}

// streamsOf returns the streams that are read of a connection.
func streamsOf(c config.Connection) []string {
	if c.Streams != nil {
		return c.Streams
	}
	var names []string
	for _, s := range c.Connector.Spec.Streams {
		names = append(names, s.Name)
	}
	return names
}

// unknown says that there is no such thing, and which one was probably meant.
func unknown(what, name string, known []string) string {
	if near := connectors.Nearest(name, known); near != "" {
		return fmt.Sprintf("there is no %s of that name; did you mean %q?", what, near)
	}
	return fmt.Sprintf("there is no %s of that name; %s", what, haveList("there are", known))
}

func haveList(intro string, names []string) string {
	if len(names) == 0 {
		return "there is none"
	}
	return intro + " " + strings.Join(names, ", ")
}
