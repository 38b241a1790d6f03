package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"go.etcd.io/bbolt"
)

type floor struct {
	source, sourceToken, version string
	target, targetToken, project string
	workers                      int
	http                         *http.Client
	db                           *bbolt.DB
}

var (
	state  = []byte("state")
	links  = []byte("links")
	cursor = []byte("cursor")
	doubt  = []byte("doubt") // set while a page's tasks are being created
)

// sync reads page after page and returns how many tasks it created.
func (f *floor) sync(ctx context.Context) (int, error) {
	after, inDoubt, err := f.resume()
	if err != nil {
		return 0, err
	}
	created := 0
	for {
		page, err := f.read(ctx, after)
		if err != nil {
			return created, err
		}
		made, err := f.createAll(ctx, page.Results, inDoubt)
		if err != nil {
			return created, err
		}
		created += len(made)
		inDoubt, after = false, page.Paging.Next.After
		if err := f.commit(made, after); err != nil {
			return created, err
		}
		if after == "" {
			return created, nil
		}
	}
}

func (f *floor) resume() (after string, inDoubt bool, err error) {
	err = f.db.Update(func(tx *bbolt.Tx) error {
		if _, err := tx.CreateBucketIfNotExists(links); err != nil {
			return err
		}
		b, err := tx.CreateBucketIfNotExists(state)
		if err != nil {
			return err
		}
		after, inDoubt = string(b.Get(cursor)), b.Get(doubt) != nil
		return b.Put(doubt, []byte{1})
	})
	return after, inDoubt, err
}

func (f *floor) commit(made map[string]string, after string) error {
	return f.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(links)
		for id, gid := range made {
			if err := b.Put([]byte(id), []byte(gid)); err != nil {
				return err
			}
		}
		return tx.Bucket(state).Put(cursor, []byte(after))
	})
}

// createAll makes the tasks of a page with f.workers requests in flight and waits for all of them.
func (f *floor) createAll(ctx context.Context, contacts []contact, inDoubt bool) (map[string]string, error) {
	var mu sync.Mutex
	made := make(map[string]string, len(contacts))
	var first error
	work := make(chan *contact)
	var wg sync.WaitGroup
	for range f.workers {
		wg.Go(func() {
			for c := range work {
				gid, err := f.createOnce(ctx, c, inDoubt)
				mu.Lock()
				if err != nil && first == nil {
					first = err
				}
				made[c.ID] = gid
				mu.Unlock()
			}
		})
	}
	for i := range contacts {
		work <- &contacts[i]
	}
	close(work)
	wg.Wait()
	return made, first
}

func (f *floor) createOnce(ctx context.Context, c *contact, inDoubt bool) (string, error) {
	key := "floor-" + c.ID
	if inDoubt {
		var found struct{ Data struct{ GID string } }
		status, err := f.call(ctx, http.MethodGet, f.target+"/tasks/external:"+key, f.targetToken, nil, &found)
		if err != nil || status == http.StatusOK {
			return found.Data.GID, err
		}
	}
	var made struct{ Data struct{ GID string } }
	status, err := f.call(ctx, http.MethodPost, f.target+"/tasks", f.targetToken, f.task(key, c), &made)
	if err == nil && status/100 != 2 {
		err = fmt.Errorf("create task: HTTP %d", status)
	}
	return made.Data.GID, err
}

func (f *floor) read(ctx context.Context, after string) (*page, error) {
	path := "/crm/objects/" + f.version + "/contacts"
	if f.version == "v3" {
		path = "/crm/v3/objects/contacts"
	}
	q := url.Values{"limit": {"100"}, "properties": {properties}}
	if after != "" {
		q.Set("after", after)
	}
	var p page
	status, err := f.call(ctx, http.MethodGet, f.source+path+"?"+q.Encode(), f.sourceToken, nil, &p)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("read contacts: HTTP %d", status)
	}
	return &p, err
}
