package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// toFile runs fn with standard output going to a new file that only its owner may read, and that appears whole or not at
// all; with no name it just runs fn. A daemon that carries the command out does not see the file: whoever gives the
// command writes it, where that person is.
func (a *app) toFile(name string, fn func() error) (err error) {
	if name == "" || a.within != nil {
		return fn()
	}
	if _, err := os.Lstat(name); err == nil {
		return fmt.Errorf("write %s: %w; name another file or remove it", name, fs.ErrExist)
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*") // for its owner only
	if err != nil {
		return withCode(exitUnreachable, fmt.Errorf("write %s: %w", name, err))
	}
	defer func() { err = errors.Join(err, ignoreGone(os.Remove(f.Name()))) }()
	out := a.out
	a.out = f
	err = fn()
	a.out = out
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), name); err != nil { // unlike a rename it replaces nothing
		return withCode(exitUnreachable, fmt.Errorf("write %s: %w", name, err))
	}
	return nil
}

func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
