package router

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// A ledger may be younger than what a target shows: it was lost, restored from a backup, or moved. Before the first
// item is created in a project, the project is listed once and what carries one of our keys is linked again. Keys hold
// entity ids, and those are functions of the vendors' ids, so a ledger that was read anew knows them.

// adoptedName is where the ledger notes that a project has been looked through. A project may be called anything, so
// the note is under a hash of its name.
func adoptedName(target, project string) string {
	return fmt.Sprintf("adopted %016x", xxhash.Sum64String(target+"\x00"+project))
}

// adopt looks through the projects in which jobs want to create something for the first time. It reports whether links
// were found since there were so many of them: then the jobs must be planned again. A project that the target refuses to
// list fails the jobs that want something in it, and only those.
func (d *deliverer) adopt(ctx context.Context, jobs []*job, linked int64) (found bool, err error) {
	if d.target.Lister == nil {
		return false, nil
	}
	refused := map[string]error{}
	creates := false
	for _, j := range jobs {
		for _, w := range j.wants {
			if w.Link != "" {
				continue
			}
			creates = true
			if err := d.adoptOnce(ctx, w.Item.Project, refused); err != nil {
				return false, err
			}
			j.refuse(refused[w.Item.Project])
		}
	}
	return creates && d.linked.Load() > linked, nil
}

// adoptOnce links what a project shows, or notes that the target refuses to list it. Another planner that wants something in
// it waits for that.
func (d *deliverer) adoptOnce(ctx context.Context, project string, refused map[string]error) error {
	if _, done := d.adopted.Load(project); done || refused[project] != nil {
		return nil
	}
	d.listing.Lock()
	defer d.listing.Unlock()
	if _, done := d.adopted.Load(project); done {
		return nil
	}
	n, err := d.adoptProject(ctx, project)
	d.linked.Add(int64(n))
	switch {
	case refusal(err):
		refused[project] = err
		return nil
	case err == nil:
		d.adopted.Store(project, true)
	}
	return err
}

// refusal reports whether the target answered that it will not, which waiting does not change.
func refusal(err error) bool {
	kind := connectors.KindOf(err)
	return kind == connectors.Rejected || kind == connectors.NotFound
}

// refuse ends a job without a call.
func (j *job) refuse(err error) {
	if err != nil {
		j.wants, j.shut, j.err = nil, nil, err
	}
}

// adoptProject links what a project shows, unless the ledger has done so, and returns how many links it made.
func (d *deliverer) adoptProject(ctx context.Context, project string) (int, error) {
	l, name := d.r.o.Ledger, adoptedName(d.target.Name, project)
	if note, err := l.Learnt(ctx, name); err != nil || len(note) > 0 {
		return 0, err
	}
	linked := 0
	var after connectors.Cursor
	for {
		var shown []connectors.Shown
		var next connectors.Cursor
		err := contain("list a project", func() (err error) {
			shown, next, err = d.target.Lister.List(ctx, project, time.Time{}, after)
			return err
		})
		if err != nil {
			return linked, err
		}
		var list []ledger.Settlement
		for _, s := range shown {
			if _, entity, ok := strings.Cut(s.Key, "/"); ok {
				list = append(list, ledger.Settlement{Entity: entity, Adopted: []ledger.Link{{Key: s.Key, Link: s.Link}}})
			}
		}
		if len(list) > 0 {
			settled, err := l.Settle(ctx, d.target.Name, list)
			if err != nil {
				return linked, err
			}
			linked += settled.Adopted
		}
		if next == "" {
			break
		}
		after = next
	}
	if linked > 0 {
		d.r.log.Info("adopted what an earlier ledger had made", "target", d.target.Name, "count", linked)
	}
	return linked, l.PutLearnt(ctx, name, []byte{1})
}
