package asana

import (
	"context"
	"net/http"

	"github.com/millrace/millrace/connectors"
)

// The custom field types we create and write (https://developers.asana.com/docs/custom-fields-guide).
const (
	kindText      = "text"
	kindNumber    = "number"
	kindEnum      = "enum"
	kindMultiEnum = "multi_enum"
	kindDate      = "date"
)

// decimals is the precision of the number fields we create, maxDecimals the most Asana has. It rounds to it.
const (
	decimals    = 2
	maxDecimals = 6
)

// foundField is a custom field as Asana lists it. The older `type` stands in for accounts that do not answer the newer
// resource_subtype.
type foundField struct {
	named
	Subtype   string `json:"resource_subtype"`
	Type      string `json:"type"`
	Precision *int   `json:"precision"`
	Options   []struct {
		named
		Enabled bool `json:"enabled"`
	} `json:"enum_options"`
}

func (f foundField) field() *field {
	known := &field{gid: f.GID, kind: f.Type, precision: maxDecimals, options: map[string]option{}}
	if f.Precision != nil {
		known.precision = *f.Precision
	}
	if known.kind == "" {
		known.kind = f.Subtype
	}
	for _, o := range f.Options {
		if was, doubled := known.options[fold(o.Name)]; !doubled || !was.enabled && o.Enabled {
			known.options[fold(o.Name)] = option{o.GID, o.Enabled}
		}
	}
	return known
}

const (
	fieldParts   = "name,type,resource_subtype,precision,enum_options.name,enum_options.enabled"
	settingParts = "custom_field.name,custom_field.type,custom_field.resource_subtype,custom_field.precision," +
		"custom_field.enum_options.name,custom_field.enum_options.enabled"
)

// ensureFields makes sure that every custom field an item needs exists, is attached to the project and has the option.
// On a plan without custom fields it notes that and needs nothing. The caller holds the turn.
func (t *target) ensureFields(ctx context.Context, p *project, wanted []connectors.Field) error {
	if t.names.isPlain() || len(wanted) == 0 {
		return nil
	}
	err := t.readAttached(ctx, p)
	for _, w := range wanted {
		if err == nil && w.Value != "" {
			err = t.ensureField(ctx, p, w)
		}
	}
	if needsPaid(err) {
		t.names.setPlain()
		return nil
	}
	return err
}

func (t *target) ensureField(ctx context.Context, p *project, w connectors.Field) error {
	gid := p.fields[fold(w.Name)]
	if gid == "" {
		var err error
		if gid, err = t.workspaceField(ctx, w); err != nil {
			return err
		}
		if err = t.attach(ctx, p, w, gid); err != nil {
			return err
		}
	}
	return t.ensureOption(ctx, gid, w)
}

// readAttached reads the fields of a project; they include those that only this project has.
func (t *target) readAttached(ctx context.Context, p *project) error {
	if p.fields != nil {
		return nil
	}
	type setting struct {
		Field foundField `json:"custom_field"`
	}
	attached, found := map[string]string{}, map[string]*field{}
	path := "/projects/" + escape(p.gid) + "/custom_field_settings"
	err := each(ctx, t.client, "read project fields", path, fieldsOf(settingParts), func(s setting) bool {
		if s.Field.GID != "" {
			attached[fold(s.Field.Name)], found[s.Field.GID] = s.Field.GID, s.Field.field()
		}
		return true
	})
	if err != nil {
		return err
	}
	t.names.change(func() {
		p.fields = attached
		t.names.learn(found)
	})
	return nil
}

// learn keeps fields that are not known yet; known ones may have newer options. The caller holds mu.
func (n *names) learn(found map[string]*field) {
	for gid, f := range found {
		if n.fields[gid] == nil {
			n.fields[gid] = f
		}
	}
}

// workspaceField returns the field of that name, created when the workspace has none. Names are unique in a workspace
// (https://developers.asana.com/reference/createcustomfield), so a refused creation is looked up once more.
func (t *target) workspaceField(ctx context.Context, w connectors.Field) (string, error) {
	gid, err := t.findField(ctx, w.Name)
	if err != nil || gid != "" {
		return gid, err
	}
	gid, err = t.createField(ctx, w)
	if err == nil || !refused(err) || needsPaid(err) {
		return gid, err
	}
	t.names.change(func() { t.names.custom = nil })
	if again, findErr := t.findField(ctx, w.Name); findErr == nil && again != "" {
		return again, nil
	}
	return "", err
}

func (t *target) findField(ctx context.Context, called string) (string, error) {
	if t.names.custom == nil {
		all, found := map[string]string{}, map[string]*field{}
		path := "/workspaces/" + escape(t.names.workspace()) + "/custom_fields"
		err := each(ctx, t.client, "read custom fields", path, fieldsOf(fieldParts), func(f foundField) bool {
			if _, doubled := all[fold(f.Name)]; !doubled {
				all[fold(f.Name)], found[f.GID] = f.GID, f.field()
			}
			return true
		})
		if err != nil {
			return "", err
		}
		t.names.change(func() {
			t.names.custom = all
			t.names.learn(found)
		})
	}
	return t.names.custom[fold(called)], nil
}

func (t *target) createField(ctx context.Context, w connectors.Field) (string, error) {
	a := action{op: "create custom field", method: http.MethodPost, path: "/custom_fields", fields: fieldParts,
		data: map[string]any{"workspace": t.names.workspace(), "name": name(w.Name), "resource_subtype": kindText}}
	switch w.Kind {
	case connectors.NumberField:
		a.data["resource_subtype"], a.data["precision"] = kindNumber, decimals
	case connectors.CountField:
		a.data["resource_subtype"], a.data["precision"] = kindNumber, 0
	case connectors.DateField:
		a.data["resource_subtype"] = kindDate
	case connectors.EnumField: // an enum is born with at least one option
		a.data["resource_subtype"] = kindEnum
		a.data["enum_options"] = []map[string]any{{"name": name(w.Value)}}
	}
	var made foundField
	if err := t.client.do(ctx, a, &made); err != nil {
		return "", about(err, w.Name)
	}
	t.names.change(func() {
		t.names.fields[made.GID] = made.field()
		if t.names.custom != nil {
			t.names.custom[fold(w.Name)] = made.GID
		}
	})
	return made.GID, nil
}

func (t *target) attach(ctx context.Context, p *project, w connectors.Field, gid string) error {
	a := action{op: "attach custom field", method: http.MethodPost,
		path: "/projects/" + escape(p.gid) + "/addCustomFieldSetting", data: map[string]any{"custom_field": gid, "is_important": true}}
	err := t.client.do(ctx, a, nil)
	if err != nil && refused(err) && !needsPaid(err) && t.isAttached(ctx, p, gid) {
		err = nil
	}
	if err != nil {
		return about(err, w.Name)
	}
	t.names.made.Add(1)
	t.names.change(func() { p.fields[fold(w.Name)] = gid })
	return nil
}

// isAttached looks whether another process attached the field first, which makes Asana refuse ours.
func (t *target) isAttached(ctx context.Context, p *project, gid string) bool {
	t.names.change(func() { p.fields = nil })
	if err := t.readAttached(ctx, p); err != nil {
		return false
	}
	for _, attached := range p.fields {
		if attached == gid {
			return true
		}
	}
	return false
}

// ensureOption makes sure that an enum has the option. One that a person removed is only disabled at Asana and is made
// selectable again (https://developers.asana.com/reference/updateenumoption).
func (t *target) ensureOption(ctx context.Context, gid string, w connectors.Field) error {
	f := t.names.fields[gid]
	if f == nil || f.kind != kindEnum && f.kind != kindMultiEnum {
		return nil
	}
	have, known := f.options[fold(w.Value)]
	if known && have.enabled {
		return nil
	}
	a := action{op: "create option", method: http.MethodPost, path: "/custom_fields/" + escape(gid) + "/enum_options", fields: "gid",
		data: map[string]any{"name": name(w.Value)}}
	if known {
		a = action{op: "enable option", method: http.MethodPut, path: "/enum_options/" + escape(have.gid), fields: "gid",
			data: map[string]any{"enabled": true}}
	}
	var made named
	if err := t.client.do(ctx, a, &made); err != nil {
		return about(err, w.Name)
	}
	t.names.made.Add(1)
	t.names.change(func() { f.options[fold(w.Value)] = option{made.GID, true} })
	return nil
}
