package asana

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
)

// clockSlack is how far Asana's clock may be behind ours without a task being overlooked.
const clockSlack = 10 * time.Minute

// lookup shares one listing among the items of a batch that are in doubt.
type lookup struct {
	listed map[string]map[string][]claimant // project, then key
}

// claimant is a task that carries a key.
type claimant struct {
	named
	completed bool
}

// find looks for the task that an interrupted call may have left (invariant 4): by the external id, or among the
// project's tasks that changed since. Of several the oldest stays and the others are completed with a pointer to it;
// nothing is deleted, since a person may have worked on any of them. Their keys they give up. It returns "" when there is none.
func (t *target) find(ctx context.Context, want connectors.Want, look *lookup) (string, error) {
	if t.config.external {
		return t.findExternal(ctx, want.Item.Key)
	}
	projects := want.Sought
	if len(projects) == 0 {
		projects = []string{want.Item.Project}
	}
	for _, project := range projects {
		gid, err := t.findListed(ctx, name(project), want, look)
		if err != nil || gid != "" {
			return gid, err
		}
	}
	return "", nil
}

// Find implements connectors.Finder.
func (t *target) Find(ctx context.Context, want connectors.Want) (connectors.Link, error) {
	if err := t.learnPlan(ctx); err != nil {
		return "", err
	}
	gid, err := t.find(ctx, want, &lookup{})
	return connectors.Link(gid), err
}

// Recheck implements connectors.Rechecker. Items in the same projects share one listing. Two tasks never have one external
// id, so there is nothing to look for where that is the key.
func (t *target) Recheck(ctx context.Context, wants []connectors.Want) []connectors.Result {
	results := make([]connectors.Result, len(wants))
	if t.config.external {
		return results
	}
	look := &lookup{}
	for i, want := range wants {
		gid, err := t.find(ctx, want, look)
		if results[i] = (connectors.Result{Link: connectors.Link(gid), Err: err}); hopeless(err) != nil {
			for rest := range results[i+1:] {
				results[i+1+rest].Err = err
			}
			break
		}
	}
	return results
}

// findListed is find in one project.
func (t *target) findListed(ctx context.Context, called string, want connectors.Want, look *lookup) (string, error) {
	since := want.Since
	if !since.IsZero() {
		since = since.Add(-clockSlack)
	}
	cached := called + "\x00" + since.Truncate(time.Minute).String()
	if look.listed == nil {
		look.listed = map[string]map[string][]claimant{}
	}
	if look.listed[cached] == nil {
		all, err := t.claims(ctx, called, since.Truncate(time.Minute))
		if err != nil {
			return "", err
		}
		look.listed[cached] = all
	}
	found := look.listed[cached][want.Item.Key]
	if len(found) == 0 {
		return "", nil
	}
	slices.SortFunc(found, func(a, b claimant) int {
		if older(a.named, b.named) {
			return -1
		}
		return 1
	})
	return found[0].GID, t.retire(ctx, found)
}

// findExternal asks for the task by the key itself (https://developers.asana.com/docs/custom-external-data).
func (t *target) findExternal(ctx context.Context, key string) (string, error) {
	var task named
	err := t.client.get(ctx, "find task", "/tasks/"+escape("external:"+key), fieldsOf("gid"), &task)
	if status(err) == http.StatusNotFound {
		return "", nil
	}
	return task.GID, err
}

// claims reads the project's tasks that changed since and groups them by key. Search would be shorter, but it belongs to
// the paid plans and lags by up to a minute (https://developers.asana.com/reference/searchtasksforworkspace).
func (t *target) claims(ctx context.Context, called string, since time.Time) (map[string][]claimant, error) {
	gid, err := t.knownProject(ctx, called)
	if err != nil || gid == "" {
		return map[string][]claimant{}, err
	}
	all, err := t.claimsOf(ctx, gid, since)
	if err == nil || !stale(err) {
		return all, err
	}
	// The project may be gone, and its tasks with it; only a new look by name may say so.
	if err := t.names.forget(ctx, need{project: called}, nil); err != nil {
		return nil, err
	}
	again, findErr := t.knownProject(ctx, called)
	switch {
	case findErr != nil:
		return nil, findErr
	case again == "":
		return map[string][]claimant{}, nil
	case again == gid:
		return nil, err
	}
	return t.claimsOf(ctx, again, since)
}

func (t *target) claimsOf(ctx context.Context, project string, since time.Time) (map[string][]claimant, error) {
	all := map[string][]claimant{}
	query := listQuery(project, since, keyParts+",notes")
	err := each(ctx, t.client, "find tasks", "/tasks", query, func(task shownTask) bool {
		if key := t.keyOf(task); key != "" {
			all[key] = append(all[key], claimant{task.named, task.Completed})
		}
		return true
	})
	return all, err
}

const keyParts = "completed,created_at,custom_fields.name,custom_fields.text_value"

// keyOf returns the key that a task carries in the custom field or, from a time without custom fields, in its notes.
func (t *target) keyOf(task shownTask) string {
	for _, v := range task.Values {
		if v.Text != nil && *v.Text != "" && fold(v.Name) == fold(t.config.hubField) {
			return *v.Text
		}
	}
	return keyIn(task.Notes)
}

// listQuery asks for the tasks of a project. modified_since counts comments as changes too, which finds more, not less.
func listQuery(project string, since time.Time, parts string) url.Values {
	q := url.Values{"project": {project}, "opt_fields": {parts}}
	if !since.IsZero() {
		q.Set("modified_since", since.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	return q
}

// retire completes all but the first of several tasks with one key.
func (t *target) retire(ctx context.Context, found []claimant) error {
	for _, c := range found[1:] {
		if c.completed {
			continue
		}
		text := fmt.Sprintf("This task shows the same as https://app.asana.com/0/0/%s and is no longer updated.", found[0].GID)
		if err := t.Close(ctx, connectors.Link(c.GID), connectors.Closing{Comment: text, Forget: true}); err != nil {
			return fmt.Errorf("retire a doubled task: %w", err)
		}
	}
	return nil
}
