package cli

import (
	"cmp"
	"os"
	"path/filepath"
)

// operator names who gives the command, as user@host, for what is written down with a name: decisions, corrections and
// erasures. --by says it better where several people share an account.
func operator() string {
	user := cmp.Or(os.Getenv("USER"), os.Getenv("LOGNAME"), os.Getenv("USERNAME"), "somebody")
	host, err := os.Hostname()
	if err != nil || host == "" {
		return user
	}
	return user + "@" + host
}

// workingDir returns the directory that relative names start from, "" when the system does not say.
func workingDir() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	return dir
}

// file returns the path of a file that the command line names, also in a daemon that was started elsewhere.
func (a *app) file(name string) string {
	if filepath.IsAbs(name) || a.dir == "" {
		return name
	}
	return filepath.Join(a.dir, name)
}
