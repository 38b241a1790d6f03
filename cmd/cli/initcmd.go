package cli

import (
	_ "embed"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
)

//go:embed starter.yaml
var starter []byte

func (a *app) initCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "init",
		Short: "Write a starter configuration",
		Args:  exactly(0),
		RunE: func(*cobra.Command, []string) error {
			f, err := os.OpenFile(a.configPath, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
			if errors.Is(err, os.ErrExist) {
				return withCode(exitConfig, fmt.Errorf("%s exists already; `millrace init --config OTHER.yaml` writes another file", a.configPath))
			}
			if err != nil {
				return err
			}
			_, err = f.Write(starter)
			if err = errors.Join(err, f.Close()); err != nil {
				return err
			}
			fmt.Fprintf(a.out, "Wrote %s. Next: put your tokens into it (or into the environment), then\n  millrace config check\n  millrace check\n  millrace plan\n", a.configPath)
			return nil
		},
	}
}
