package asana

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// target is one open connection. Besides names it keeps nothing between calls.
type target struct {
	config config
	client client
	names  *names
	env    connectors.Env
}

func newTarget(env connectors.Env, c config) *target {
	return &target{config: c, client: newClient(env, c.base), names: newNames(c.workspace), env: env}
}

func escape(segment string) string { return url.PathEscape(segment) }

// Upsert implements connectors.Target. A new task costs one request once the names are known; an unchanged one none.
func (t *target) Upsert(ctx context.Context, want connectors.Want) (connectors.Link, error) {
	if err := check(want.Item); err != nil {
		return "", err
	}
	p, err := t.plan(ctx, want, &lookup{})
	if err == nil {
		err = t.run(ctx, &p)
	}
	if err != nil {
		return t.again(ctx, want, p, err)
	}
	return connectors.Link(p.gid), nil
}

// check refuses what no call could show.
func check(it connectors.Item) error {
	reason := ""
	switch {
	case it.Key == "":
		reason = "the item has no key"
	case name(it.Project) == "":
		reason = "the item has no project; name one in the rule"
	default:
		return nil
	}
	return &connectors.Error{Kind: connectors.Rejected, Op: "upsert task", Reason: reason}
}

// run makes the requests of a plan one after the other.
func (t *target) run(ctx context.Context, p *plan) error {
	for _, a := range p.actions {
		var made named
		var out any
		if p.gid == "" {
			out = &made
		}
		if err := t.client.do(ctx, a, out); err != nil {
			return err
		}
		if p.gid != "" {
			continue
		}
		if p.gid = made.GID; p.gid == "" {
			return noGID(a.op)
		}
	}
	return nil
}

// noGID is a creation whose answer does not name what it created; the caller must look for it.
func noGID(op string) error {
	return &connectors.Error{Kind: connectors.Temporary, Op: op, Reason: "the answer names no task"}
}

// again is the second and last attempt within one call, for the refusals that it can heal: ids that are no longer
// right (somebody deleted a project, a section, a field, an option or a user), a plan without custom fields, an external
// id that is taken, and a link that is in doubt and gone. In each of them the vendor said that it did not write, so that
// nothing is doubled.
func (t *target) again(ctx context.Context, want connectors.Want, failed plan, err error) (connectors.Link, error) {
	switch {
	case needsPaid(err) && !failed.shape.plain:
		if err := t.noFields(ctx); err != nil {
			return "", err
		}
	case want.InDoubt && want.Link != "" && connectors.KindOf(err) == connectors.NotFound:
		want.Link, want.Last = "", nil
	case failed.gid == "" && takenExternal(err):
		want.InDoubt = true // the key has a task that nobody told us about
	case failed.gid != "" && takenExternal(err):
		if err := t.freeExternal(ctx, want.Item.Key, failed.gid); err != nil {
			return "", err
		}
	case stale(err):
		if err := t.names.forget(ctx, failed.need, failed.shape.project); err != nil {
			return "", err
		}
		want.Last = nil
	default:
		return "", err
	}
	want.Comments = inDoubt(want.Comments) // the first attempt may have left them
	next, planErr := t.plan(ctx, want, &lookup{})
	if planErr != nil {
		return "", planErr
	}
	if reflect.DeepEqual(next.actions, failed.actions) && t.names.made.Load() == failed.made && !takenExternal(err) {
		return "", final(err, failed) // nothing is different, so the answer would be the same
	}
	if err := t.run(ctx, &next); err != nil {
		return "", final(err, next)
	}
	return connectors.Link(next.gid), nil
}

// takenExternal reports whether a creation was refused because a task has its external id (unverified: Asana's documents
// are silent about a second one).
func takenExternal(err error) bool {
	var e *connectors.Error
	return errors.As(err, &e) && e.Status == http.StatusBadRequest && strings.HasPrefix(e.Reason, "external:")
}

// noFields notes that the plan has no custom fields.
func (t *target) noFields(ctx context.Context) error {
	if err := t.names.take(ctx); err != nil {
		return err
	}
	defer t.names.give()
	t.names.setPlain()
	return nil
}

// final is an error that is left after the second attempt. A 404 for a creation says that its project is not there yet
// or no longer; it must not pass for "somebody deleted the task".
func final(err error, p plan) error {
	if p.gid == "" && connectors.KindOf(err) == connectors.NotFound {
		return &connectors.Error{Kind: connectors.Temporary, Op: opCreate, Status: http.StatusNotFound,
			Reason: "the project, a section or a field disappeared while it was used", Err: err}
	}
	return err
}

// staleWords occur in refusals of ids that we sent.
var staleWords = []string{"project", "section", "membership", "custom_field", "enum", "assignee", "Unknown object",
	"Not a recognized ID", "Not a Long", "on given object"}

// stale reports whether err may come from an id in memory that is no longer right. That a task is not there is no such
// case: its id is the ledger's.
func stale(err error) bool {
	var e *connectors.Error
	if !refused(err) || !errors.As(err, &e) || e.Kind == connectors.Denied {
		return false
	}
	if e.Status == http.StatusNotFound && strings.HasSuffix(e.Op, " task") && e.Op != opCreate && e.Op != opMove {
		return false
	}
	text := err.Error()
	for _, word := range staleWords {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
