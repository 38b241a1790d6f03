package asanatest

import (
	"slices"
	"strings"
)

// enumField is the field of the path when it can have options.
func (c *call) enumField() (*field, error) {
	f, err := c.field()
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(f.kind, "enum") {
		return nil, invalid("custom_field: Only enum fields have options")
	}
	return f, nil
}

func createOption(c *call) (reply, error) {
	f, err := c.enumField()
	if err != nil {
		return reply{}, err
	}
	o := option{name: c.in.need("name"), color: "none", enabled: true}
	c.readOptionLook(&o)
	before, after := c.optionAnchors(f, "insert_before", "insert_after")
	if len(f.options) >= maxOptions {
		c.in.fail("custom_field", "A custom field can have at most 500 enum options")
	}
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	made := c.st.addOption(f, o)
	f.arrange(made, before, after)
	return created(c.st.views.option.one(c.renderer, made, c.want))
}

func (c *call) readOptionLook(o *option) {
	if s, ok := c.in.text("color", 0); ok {
		o.color = colorOr(s)
	}
	if b, ok := c.in.flag("enabled"); ok {
		o.enabled = b
	}
}

func (c *call) optionAnchors(f *field, beforeName, afterName string) (before, after *option) {
	read := func(name string) *option {
		id, _ := c.in.text(name, 0)
		if id == "" {
			return nil
		}
		o, err := given(c.st.options, name, id)
		if err == nil && o.field != f {
			err = invalid("%s: Not an option of the custom field: %s", name, id)
		}
		if err != nil {
			c.in.failErr(err)
		}
		return o
	}
	before, after = read(beforeName), read(afterName)
	if before != nil && after != nil {
		c.in.fail(beforeName, "Cannot be given together with "+afterName)
	}
	return before, after
}

func (f *field) arrange(o, before, after *option) {
	if before == nil && after == nil || before == o || after == o {
		return
	}
	f.options = slices.DeleteFunc(f.options, func(x *option) bool { return x == o })
	at := 0
	if before != nil {
		at = slices.Index(f.options, before)
	} else {
		at = slices.Index(f.options, after) + 1
	}
	f.options = slices.Insert(f.options, at, o)
}

func insertOption(c *call) (reply, error) {
	f, err := c.enumField()
	if err != nil {
		return reply{}, err
	}
	o, err := given(c.st.options, "enum_option", c.in.need("enum_option"))
	if err != nil {
		return reply{}, err
	}
	if o.field != f {
		return reply{}, invalid("enum_option: Not an option of the custom field: %s", o.id)
	}
	before, after := c.optionAnchors(f, "before_enum_option", "after_enum_option")
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	f.arrange(o, before, after)
	return found(c.st.views.option.one(c.renderer, o, c.want))
}

func updateOption(c *call) (reply, error) {
	o, err := find(c.st.options, "enum_option", c.part("option"))
	if err != nil {
		return reply{}, err
	}
	draft := *o
	if s, ok := c.in.text("name", maxName); ok {
		draft.name = s
	}
	c.readOptionLook(&draft)
	if err := c.in.end(); err != nil {
		return reply{}, err
	}
	*o = draft
	return found(c.st.views.option.one(c.renderer, o, c.want))
}
