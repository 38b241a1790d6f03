// Command webhookfloor is the smallest Go program that receives webhooks durably: it checks the signature, commits the body to
// bbolt together with all that wait, and then answers 200. It is the yardstick of the webhook receiver (`millrace bench p11`):
// what repetitions, limits, metrics, many vendors and the hub may cost beyond it.
//
// It is not a product: it knows one secret, forwards nothing, bounds nothing but a body, and never deletes.
package main

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "webhookfloor:", err)
		os.Exit(1)
	}
}

func run() error {
	path := flag.String("db", "webhookfloor.db", "bbolt file")
	listen := flag.String("listen", "127.0.0.1:0", "address; it is printed")
	secret := flag.String("secret", "", "Zendesk's signing secret")
	flag.Parse()
	db, err := bbolt.Open(*path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	defer db.Close()
	f := &floor{db: db, secret: []byte(*secret), queue: make(chan *job, 1024)}
	go f.commits()
	ln, err := net.Listen("tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	return (&http.Server{Handler: f, ReadHeaderTimeout: 5 * time.Second}).Serve(ln)
}

type floor struct {
	db     *bbolt.DB
	secret []byte
	queue  chan *job
}

// job is a body on its way to the disk.
type job struct {
	body []byte
	done chan error
}

func (f *floor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil || !f.signed(r.Header, body) {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	j := &job{body, make(chan error, 1)}
	f.queue <- j
	if <-j.done != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
}

func (f *floor) signed(h http.Header, body []byte) bool {
	mac := hmac.New(sha256.New, f.secret)
	mac.Write([]byte(h.Get("X-Zendesk-Webhook-Signature-Timestamp")))
	mac.Write(body)
	want := base64.StdEncoding.EncodeToString(mac.Sum(nil))
	return hmac.Equal([]byte(want), []byte(h.Get("X-Zendesk-Webhook-Signature")))
}

// most is how many bodies one commit stores.
const most = 256

// commits stores what waits, while it does the next gathers.
func (f *floor) commits() {
	for number := uint64(0); ; {
		list := f.gather()
		err := f.db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("deliveries"))
			if err != nil {
				return err
			}
			for _, j := range list {
				number++
				if err := b.Put(binary.BigEndian.AppendUint64(nil, number), j.body); err != nil {
					return err
				}
			}
			return nil
		})
		for _, j := range list {
			j.done <- err
		}
	}
}

func (f *floor) gather() []*job {
	list := []*job{<-f.queue}
	for len(list) < most {
		select {
		case j := <-f.queue:
			list = append(list, j)
		default:
			return list
		}
	}
	return list
}
