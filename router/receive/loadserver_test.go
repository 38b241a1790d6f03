package receive_test

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/ledger/boltkv"
	"github.com/millrace/millrace/router/receive"
	"github.com/millrace/millrace/router/receive/spool"
)

// serverEnv makes the test's program be one of the servers that are measured.
const serverEnv = "MILLRACE_LOAD_SERVER"

// serverKinds are the servers: the floor, the receiver before a spool, and before a ledger whose inbox nobody drains.
var serverKinds = []string{"floor", "spool", "inbox"}

func TestMain(m *testing.M) {
	if kind := os.Getenv(serverEnv); kind != "" {
		if err := beServer(kind, os.Getenv("MILLRACE_LOAD_DIR")); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// slowly is a store whose commits take a tenth of a second.
type slowly struct{ receive.Store }

func (s slowly) Put(ctx context.Context, list []ledger.Arrival) error {
	time.Sleep(100 * time.Millisecond)
	return s.Store.Put(ctx, list)
}

func beServer(kind, dir string) error {
	if kind == "floor" {
		return floor(filepath.Join(dir, "floor.db"))
	}
	var store receive.Store
	switch kind {
	case "spool", "spool slow":
		s, err := spool.Open(filepath.Join(dir, "spool.db"), 1<<40)
		if err != nil {
			return err
		}
		if store = s; kind == "spool slow" {
			store = slowly{s}
		}
	case "inbox":
		engine, err := boltkv.Open(filepath.Join(dir, "ledger.db"), boltkv.Options{Buckets: ledger.Buckets()})
		if err != nil {
			return err
		}
		l, err := ledger.Open(engine, ledger.Options{Mapper: mapsNothing{}, Inbox: 1 << 30})
		if err != nil {
			return err
		}
		store = receive.Inbox{Ledger: l}
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	hook := schemes[3].hook(new(testing.B), secret)
	r, err := receive.New(receive.Options{Hooks: []receive.Hook{hook}, Public: public, Store: store, Rate: 1e9, Log: log})
	if err != nil {
		return err
	}
	s, err := receive.Listen(r, receive.ServerOptions{Listen: "127.0.0.1:0", Log: log})
	if err != nil {
		return err
	}
	fmt.Println(s.Address())
	select {}
}

type mapsNothing struct{}

func (mapsNothing) Version() string { return "1" }
func (mapsNothing) Map(connectors.Record) (canonical.Profile, mapping.Outcome, error) {
	return canonical.Profile{}, mapping.Outcome{}, nil
}

// floor is the smallest server that does the job.
func floor(path string) error {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	type job struct {
		body []byte
		done chan error
	}
	queue := make(chan *job, 1024)
	go func() {
		number := uint64(0)
		for j := range queue {
			list := []*job{j}
			for more := true; more && len(list) < 256; {
				select {
				case j := <-queue:
					list = append(list, j)
				default:
					more = false
				}
			}
			err := db.Update(func(tx *bbolt.Tx) error {
				b, err := tx.CreateBucketIfNotExists([]byte("deliveries"))
				for _, j := range list {
					number++
					err = errors.Join(err, b.Put(binary.BigEndian.AppendUint64(nil, number), j.body))
				}
				return err
			})
			for _, j := range list {
				j.done <- err
			}
		}
	}()
	handler := func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		want := base64.StdEncoding.EncodeToString(mac(secret, r.Header.Get("X-Zendesk-Webhook-Signature-Timestamp"), string(body)))
		if err != nil || !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Zendesk-Webhook-Signature"))) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		j := &job{body, make(chan error, 1)}
		queue <- j
		if <-j.done != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	return (&http.Server{Handler: http.HandlerFunc(handler), ReadHeaderTimeout: 5 * time.Second}).Serve(ln)
}
