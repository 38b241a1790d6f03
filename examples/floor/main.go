// Command floor is the smallest Go program that does the hub's main job by hand: page through the contacts of HubSpot,
// map a dozen fields, create one Asana task each, and commit cursor and links to bbolt once a page. It is the yardstick
// the whole pipeline is measured against (`millrace bench`): what durability, identity, rules and explanations may
// cost beyond it.
//
// It is not a product: it knows one stream, never updates a task and gives up at the first error. After a crash it
// looks up the tasks of the page in doubt, so that it neither loses nor doubles one.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "floor:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	var f floor
	path := flag.String("db", "floor.db", "bbolt file")
	flag.StringVar(&f.source, "source", "", "base URL of HubSpot")
	flag.StringVar(&f.sourceToken, "source-token", "", "private-app token")
	flag.StringVar(&f.version, "version", "2026-09", "HubSpot API version")
	flag.StringVar(&f.target, "target", "", "base URL of Asana")
	flag.StringVar(&f.targetToken, "target-token", "", "access token")
	flag.StringVar(&f.project, "project", "", "gid of the Asana project")
	flag.IntVar(&f.workers, "workers", 15, "tasks in flight")
	flag.Parse()

	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = f.workers + 1
	f.http = &http.Client{Transport: transport, Timeout: time.Minute}
	db, err := bbolt.Open(*path, 0o600, &bbolt.Options{Timeout: time.Second, NoFreelistSync: true, FreelistType: bbolt.FreelistMapType})
	if err != nil {
		return err
	}
	defer db.Close()
	f.db = db
	begin := time.Now()
	n, err := f.sync(ctx)
	fmt.Printf("%d tasks in %.2fs\n", n, time.Since(begin).Seconds())
	return err
}
