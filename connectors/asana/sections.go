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
		}
		before = gid
	}
	return nil
}

func (t *target) readSections(ctx context.Context, p *project) error {
	found := map[string]string{}
	err := each(ctx, t.client, "read sections", "/projects/"+escape(p.gid)+"/sections", fieldsOf("name"), func(s named) bool {
		if _, doubled := found[name(s.Name)]; !doubled {
			found[name(s.Name)] = s.GID
		}
		return true
	})
	if err != nil {
		return err
	}
	t.names.change(func() { p.sections = found })
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
