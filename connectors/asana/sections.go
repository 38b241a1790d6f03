package asana

import (
	"context"
	"net/http"
	"slices"
)

// ensureSections makes sure that the project has every section an item needs, in the given order as far as they are
// missing: a new one goes after its predecessor, and what people arranged stays. The caller holds the turn.
//
// Every Asana project is born with one section of its own, "Untitled section"; it is left to people.
func (t *target) ensureSections(ctx context.Context, p *project, need need) error {
	if p.sections == nil {
		if err := t.readSections(ctx, p); err != nil {
			return err
		}
	}
	wanted := need.sections
	if need.section != "" && !slices.Contains(wanted, need.section) {
		wanted = append(slices.Clone(wanted), need.section)
	}
	before := ""
	var made []string
	for _, called := range wanted {
		if called == "" {
			continue
		}
		gid := p.sections[called]
		if gid == "" {
			var err error
			if gid, err = t.createSection(ctx, p, called, before); err != nil {
				return err
			}
			made = append(made, gid)
		}
		before = gid
	}
	if len(made) == 0 {
		return nil
	}
	return t.agreeOnSections(ctx, p, made)
}

// agreeOnSections looks again after creating: another process may have created the same sections at the same time. The
// oldest of a name stays; ours, if it is another one, is removed while it is empty, which Asana checks.
func (t *target) agreeOnSections(ctx context.Context, p *project, made []string) error {
	if err := t.readSections(ctx, p); err != nil {
		return err
	}
	kept := map[string]bool{}
	for _, gid := range p.sections {
		kept[gid] = true
	}
	for _, gid := range made {
		if kept[gid] {
			continue
		}
		a := action{op: "drop doubled section", method: http.MethodDelete, path: "/sections/" + escape(gid)}
		if err := t.client.do(ctx, a, nil); err != nil && !refused(err) {
			return err
		}
	}
	return nil
}

// readSections reads a project's sections. Of several of one name the oldest counts, so that every process takes the same.
func (t *target) readSections(ctx context.Context, p *project) error {
	found := map[string]named{}
	path := "/projects/" + escape(p.gid) + "/sections"
	err := each(ctx, t.client, "read sections", path, fieldsOf("name,created_at"), func(s named) bool {
		if first, doubled := found[name(s.Name)]; !doubled || older(s, first) {
			found[name(s.Name)] = s
		}
		return true
	})
	if err != nil {
		return err
	}
	gids := make(map[string]string, len(found))
	for called, s := range found {
		gids[called] = s.GID
	}
	t.names.change(func() { p.sections = gids })
	return nil
}

func (t *target) createSection(ctx context.Context, p *project, called, before string) (string, error) {
	a := action{op: "create section", method: http.MethodPost, path: "/projects/" + escape(p.gid) + "/sections", fields: "gid",
		data: map[string]any{"name": called}}
	if before != "" {
		a.data["insert_after"] = before
	}
	var made named
	if err := t.client.do(ctx, a, &made); err != nil {
		return "", err
	}
	t.names.made.Add(1)
	t.names.change(func() { p.sections[called] = made.GID })
	return made.GID, nil
}
