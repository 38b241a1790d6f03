package asanatest

import (
	"slices"
	"strings"
)

const (
	maxOptions = 500 // https://developers.asana.com/reference/createenumoptionforcustomfield
	maxFields  = 100 // per project, unverified
)

// fieldKinds are the types a field can be created with.
var fieldKinds = []string{"text", "enum", "multi_enum", "number", "date", "people"}

// taskProperties are names that custom fields must not take. https://developers.asana.com/reference/createcustomfield
var taskProperties = []string{"due date", "assignee", "name", "completed"}

func listFields(c *call) (reply, error) {
	if err := c.scope(); err != nil {
		return reply{}, err
	}
	return paginate(c, inSlice(c.st.fieldList), func(f *field) any { return c.showField(f) })
}

func (c *call) showField(f *field) any {
	return c.st.views.field.one(c.renderer, value{field: f}, c.want)
}

func (c *call) field() (*field, error) {
	return find(c.st.fields, "custom_field", c.part("field"))
}

func getField(c *call) (reply, error) {
	f, err := c.field()
	if err != nil {
		return reply{}, err
	}
	return found(c.showField(f))
}

func createField(c *call) (reply, error) {
	if err := c.space("workspace", c.in.need("workspace")); err != nil && !c.in.failed("workspace") {
		c.in.failErr(asInvalid(err))
	}
	f := &field{creator: c.who.user, format: "none"}
	if b, ok := c.in.flag("owned_by_app"); ok && b {
		return reply{}, forbidden("owned_by_app: The app is not allow-listed")
	}
	c.readFieldKind(f)
	c.readField(f)
	options := c.readNewOptions(f)
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	c.st.addField(f)
	for _, o := range options {
		c.st.addOption(f, o)
	}
	return created(c.showField(f))
}

// readFieldKind reads resource_subtype, or type, its older name.
func (c *call) readFieldKind(f *field) {
	kind, _ := c.in.text("resource_subtype", 0)
	older, _ := c.in.text("type", 0)
	if kind == "" {
		kind = older
	}
	if !slices.Contains(fieldKinds, kind) {
		c.in.fail("resource_subtype", "Not a valid value: "+kind)
	}
	f.kind = kind
	c.in.need("name")
}

// readField applies the properties that can be written at creation and later.
func (c *call) readField(f *field) {
	if s, ok := c.in.text("name", maxName); ok {
		if other := c.st.fieldByName(s); other != nil && other.id != f.id || slices.Contains(taskProperties, strings.ToLower(s)) {
			c.in.fail("name", "The name is already in use")
		}
		f.name = s
	}
	if s, ok := c.in.text("description", maxNotes); ok {
		f.description = s
	}
	if n, ok := c.in.whole("precision", 0, 6); ok {
		f.precision = n
	}
	if s, ok := c.in.text("format", 0); ok {
		f.format = c.oneOf("format", s, "currency", "identifier", "percentage", "custom", "duration", "none")
	}
	if s, ok := c.in.text("currency_code", 3); ok {
		f.currency = s
	}
	if s, ok := c.in.text("custom_label", maxName); ok {
		f.label = s
	}
	if s, ok := c.in.text("custom_label_position", 0); ok && s != "" {
		f.labelSide = c.oneOf("custom_label_position", s, "prefix", "suffix")
	}
	c.in.skip("has_notifications_enabled", "privacy_setting", "default_access_level", "input_restrictions")
}

func (c *call) readNewOptions(f *field) []option {
	var list []struct {
		Name    string `json:"name"`
		Color   string `json:"color"`
		Enabled *bool  `json:"enabled"`
	}
	if !c.in.object("enum_options", &list) {
		return nil
	}
	if !strings.HasSuffix(f.kind, "enum") {
		c.in.fail("enum_options", "Only enum fields have options")
	}
	if len(list) > maxOptions {
		c.in.fail("enum_options", "A custom field can have at most 500 enum options")
	}
	out := make([]option, 0, len(list))
	for _, o := range list {
		if o.Name == "" {
			c.in.fail("enum_options", "name: Missing input")
		}
		out = append(out, option{name: o.Name, color: colorOr(o.Color), enabled: o.Enabled == nil || *o.Enabled})
	}
	return out
}

func colorOr(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (st *state) fieldByName(name string) *field {
	i := slices.IndexFunc(st.fieldList, func(f *field) bool { return strings.EqualFold(f.name, name) })
	if i < 0 {
		return nil
	}
	return st.fieldList[i]
}

func (st *state) addField(f *field) {
	f.id, f.created = st.nextGID(), st.stamp()
	st.fields[f.id] = f
	st.fieldList = append(st.fieldList, f)
}

func (st *state) addOption(f *field, o option) *option {
	o.id, o.field = st.nextGID(), f
	st.options[o.id] = &o
	f.options = append(f.options, &o)
	return &o
}

func updateField(c *call) (reply, error) {
	f, err := c.field()
	if err != nil {
		return reply{}, err
	}
	draft := *f
	c.in.skip("workspace") // create-only, yet the contract demands it here
	c.readField(&draft)
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	*f = draft
	return found(c.showField(f))
}

func deleteField(c *call) (reply, error) {
	f, err := c.field()
	if err != nil {
		return reply{}, err
	}
	c.st.removeField(f)
	return emptied()
}

// removeField takes a field off every project. Values that tasks still hold can no longer be seen or written.
func (st *state) removeField(f *field) {
	f.gone = true
	delete(st.fields, f.id)
	st.fieldList = slices.DeleteFunc(st.fieldList, func(x *field) bool { return x == f })
	for _, o := range f.options {
		delete(st.options, o.id)
	}
	for _, p := range st.projectList {
		p.settings = slices.DeleteFunc(p.settings, func(s *setting) bool { return s.field == f })
	}
}
