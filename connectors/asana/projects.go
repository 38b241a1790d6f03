package asana

import (
	"context"
	"net/http"

	"github.com/millrace/millrace/connectors"
)

// listedProject is a project as the look-up by name sees it.
type listedProject struct {
	named
	Archived bool `json:"archived"`
}

// findProject returns the gid of the project of exactly that name, "" when there is none. Asana allows several of one
// name: the oldest that is not archived counts, then the oldest archived one, so that every process takes the same.
func (t *target) findProject(ctx context.Context, called string) (string, error) {
	if err := t.ensureSpace(ctx); err != nil {
		return "", err
	}
	path := "/workspaces/" + escape(t.names.workspace()) + "/projects"
	if t.config.team != "" {
		path = "/teams/" + escape(t.config.team) + "/projects"
	}
	var best *listedProject
	err := each(ctx, t.client, "find project", path, fieldsOf("name,archived,created_at"), func(p listedProject) bool {
		if name(p.Name) == called && (best == nil || p.before(*best)) {
			best = &p
		}
		return true
	})
	if err != nil || best == nil {
		return "", err
	}
	return best.GID, nil
}

func (p listedProject) before(other listedProject) bool {
	if p.Archived != other.Archived {
		return other.Archived
	}
	return older(p.named, other.named)
}

// ensureProject makes sure that the project is known, and creates it when there is none. The caller holds the turn.
func (t *target) ensureProject(ctx context.Context, need need) (*project, error) {
	if p := t.names.project(need.project); p != nil {
		return p, nil
	}
	gid, err := t.findProject(ctx, need.project)
	if err == nil && gid == "" {
		gid, err = t.createProject(ctx, need)
	}
	if err != nil {
		return nil, err
	}
	p := &project{gid: gid}
	t.names.keepProject(need.project, p)
	return p, nil
}

// createProject creates the project, then looks again: another worker may have created it at the same time. The oldest
// stays; ours, empty and a moment old, is deleted if it is not that one.
func (t *target) createProject(ctx context.Context, need need) (string, error) {
	a := action{op: "create project", method: http.MethodPost, path: "/projects", fields: "gid",
		data: map[string]any{"name": need.project, "workspace": t.names.workspace()}}
	if t.config.team != "" {
		a.path, a.data = "/teams/"+escape(t.config.team)+"/projects", map[string]any{"name": need.project}
	}
	if len(need.sections) > 0 {
		a.data["default_view"] = "board" // stages of a pipeline are read as columns
	}
	var made named
	if err := t.client.do(ctx, a, &made); err != nil {
		return "", t.explainProject(err)
	}
	t.names.made.Add(1)
	first, err := t.findProject(ctx, need.project)
	if err != nil || first == "" || first == made.GID {
		return made.GID, err
	}
	drop := action{op: "drop doubled project", method: http.MethodDelete, path: "/projects/" + escape(made.GID)}
	return first, t.client.do(ctx, drop, nil)
}

// explainProject adds what to do to the usual refusal: an organization creates projects only in a team
// (https://developers.asana.com/reference/createproject).
func (t *target) explainProject(err error) error {
	if t.config.team == "" && status(err) == http.StatusBadRequest {
		return &connectors.Error{Kind: connectors.Rejected, Op: "create project", Status: http.StatusBadRequest, Err: err,
			Reason: "if the workspace is an organization, set team to the gid of the team that should own the project"}
	}
	return err
}
