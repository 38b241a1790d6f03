package boltkv

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/millrace/millrace/router/ledger/kv"
)

// Salvage copies the newest whole state of the damaged store src into the new file dst (mode 0600,
// must not exist) and leaves src as it is. bbolt keeps the state before the last commit until the
// next one, so usually no more than the last commit is lost; what Salvage returns says which commit
// dst ends with and how many newer ones were given up. Polling fetches again what they held.
// It fails with kv.ErrDamaged when neither state is whole: then only a backup helps.
func Salvage(src, dst string) (Salvaged, error) {
	f, err := os.Open(src)
	if err != nil {
		return Salvaged{}, fmt.Errorf("salvage: %w", err)
	}
	defer f.Close()
	metas, bad := readMetas(f)
	for _, m := range metas {
		if bad = checkState(f, m); bad != nil {
			continue
		}
		if err := copyState(f, m, dst); err != nil {
			return Salvaged{}, fmt.Errorf("salvage into %s: %w", dst, err)
		}
		return Salvaged{Commit: m.txid, GivenUp: metas[0].txid - m.txid}, nil
	}
	return Salvaged{}, fmt.Errorf("salvage %s: %w: no state in it is whole (%w); restore a backup", src, kv.ErrDamaged, bad)
}

// Salvaged tells what a copy by Salvage holds.
type Salvaged struct {
	Commit  uint64 // number of the commit the copy ends with
	GivenUp uint64 // newer commits that are not in it, as far as the file can tell
}

func copyState(f *os.File, m meta, dst string) (err error) {
	out, err := os.OpenFile(dst, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			_ = os.Remove(dst)
		}
	}()
	if _, err := io.Copy(out, io.NewSectionReader(f, 0, int64(m.pages)*m.pageSize)); err != nil {
		return classify(dst, err)
	}
	older := m
	older.txid--
	for _, one := range []meta{m, older} {
		if err := writeMeta(out, one); err != nil {
			return classify(dst, err)
		}
	}
	if err := out.Sync(); err != nil {
		return classify(dst, err)
	}
	return syncFolder(dst)
}

// writeMeta puts m where bbolt looks for it: page 0 or 1 by the parity of its commit.
func writeMeta(w io.WriterAt, m meta) error {
	buf := make([]byte, m.pageSize)
	order.PutUint64(buf, m.txid%2)
	order.PutUint16(buf[8:], 0x04)
	copy(buf[pageHeader:], m.encode())
	_, err := w.WriteAt(buf, int64(m.txid%2)*m.pageSize)
	return err
}
