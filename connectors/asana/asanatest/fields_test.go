package asanatest_test

import (
	"slices"
	"testing"

	"github.com/millrace/millrace/connectors/asana/asanatest"
)

// fieldOf returns a task's custom field as the API shows it.
func (w *world) fieldOf(task, field string) map[string]any {
	w.t.Helper()
	data := w.ok(200, "GET", "/tasks/"+task, "")
	for _, x := range data["custom_fields"].([]any) {
		if f := x.(map[string]any); f["gid"] == field {
			return f
		}
	}
	w.t.Fatalf("task %s shows no field %s: %v", task, field, data["custom_fields"])
	return nil
}

func TestFieldValuesOfEveryKind(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	task := w.add("one")
	stage := w.field("Stage", "enum", `,"enum_options":[{"name":"Won","color":"green"},{"name":"Lost"}]`)
	won := stage["enum_options"].([]any)[0].(map[string]any)["gid"].(string)
	gid := func(f map[string]any) string { return f["gid"].(string) }
	cases := []struct {
		field        map[string]any
		value        string
		display, raw any
		key          string
	}{
		{w.field("Hub ID", "text", ""), `"c-1"`, "c-1", "c-1", "text_value"},
		{w.field("Amount", "number", `,"precision":2`), `1234.567`, "1234.57", 1234.57, "number_value"},
		{stage, `"` + won + `"`, "Won", nil, ""},
		{w.field("Products", "multi_enum", `,"enum_options":[{"name":"A"},{"name":"B"}]`), `[]`, nil, nil, ""},
		{w.field("Close", "date", ""), `{"date":"2026-12-24"}`, "2026-12-24", nil, ""},
		{w.field("Owners", "people", ""), `["me","lin@acme.example"]`, "Millrace, Lin Wei", nil, ""},
	}
	for _, c := range cases {
		w.ok(200, "PUT", "/tasks/"+task, `{"data":{"custom_fields":{"`+gid(c.field)+`":`+c.value+`}}}`)
		got := w.fieldOf(task, gid(c.field))
		if got["display_value"] != c.display {
			t.Errorf("%s = %s: got display %v, want %v", c.field["name"], c.value, got["display_value"], c.display)
		}
		if c.key != "" && got[c.key] != c.raw {
			t.Errorf("%s: got %s %v, want %v", c.field["name"], c.key, got[c.key], c.raw)
		}
		w.ok(200, "PUT", "/tasks/"+task, `{"data":{"custom_fields":{"`+gid(c.field)+`":null}}}`)
		if got := w.fieldOf(task, gid(c.field)); got["display_value"] != nil {
			t.Errorf("%s after null: got %v, want nothing", c.field["name"], got["display_value"])
		}
	}
}

func TestEnumIsWrittenByOptionGID(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	task := w.add("one")
	f := w.field("Stage", "enum", `,"enum_options":[{"name":"Won"}]`)
	other := w.field("Other", "enum", `,"enum_options":[{"name":"Won"}]`)
	id := f["gid"].(string)
	foreign := other["enum_options"].([]any)[0].(map[string]any)["gid"].(string)
	put := func(v string) string {
		return w.refused(400, "PUT", "/tasks/"+task, `{"data":{"custom_fields":{"`+id+`":"`+v+`"}}}`)
	}
	if got := put("Won"); got != "custom_fields: "+id+": enum_value: Not a recognized ID: Won" {
		t.Errorf("by name: got %q", got)
	}
	if got := put(foreign); got != "custom_fields: "+id+": enum_value: Unknown object: "+foreign {
		t.Errorf("an option of another field: got %q", got)
	}
	lost := w.ok(201, "POST", "/custom_fields/"+id+"/enum_options", `{"data":{"name":"Lost"}}`)["gid"].(string)
	w.ok(200, "PUT", "/tasks/"+task, `{"data":{"custom_fields":{"`+id+`":"`+lost+`"}}}`)
	w.ok(200, "PUT", "/enum_options/"+lost, `{"data":{"name":"Gone","enabled":false}}`)
	if got := w.fieldOf(task, id)["display_value"]; got != "Gone" {
		t.Errorf("a renamed, disabled option that is set: got %v, want it shown still", got)
	}
	put(lost)
}

func TestFieldNamesAreUniqueAndDeletionIsFinal(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	task := w.add("one")
	f := w.field("Hub ID", "text", "")["gid"].(string)
	w.ok(200, "PUT", "/tasks/"+task, `{"data":{"custom_fields":{"`+f+`":"c-1"}}}`)
	for _, name := range []string{"hub id", "Due Date"} {
		body := `{"data":{"workspace":"` + w.srv.Workspace() + `","name":"` + name + `","type":"text"}}`
		if got := w.refused(400, "POST", "/custom_fields", body); got != "name: The name is already in use" {
			t.Errorf("%s: got %q", name, got)
		}
	}
	if err := w.human.DeleteField("Hub ID"); err != nil {
		t.Fatal(err)
	}
	w.refused(404, "GET", "/custom_fields/"+f, "")
	w.refused(400, "PUT", "/tasks/"+task, `{"data":{"custom_fields":{"`+f+`":"c-1"}}}`)
	if got := w.ok(200, "GET", "/tasks/"+task, "")["custom_fields"].([]any); len(got) != 0 {
		t.Errorf("got fields %v, want none", got)
	}
}

func TestFieldTakenOffAProjectComesBackWithItsValue(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	task := w.add("one")
	f := w.field("Hub ID", "text", "")["gid"].(string)
	w.ok(200, "PUT", "/tasks/"+task, `{"data":{"custom_fields":{"`+f+`":"c-1"}}}`)
	w.ok(200, "POST", "/projects/"+w.project+"/removeCustomFieldSetting", `{"data":{"custom_field":"`+f+`"}}`)
	w.refused(400, "PUT", "/tasks/"+task, `{"data":{"custom_fields":{"`+f+`":"c-2"}}}`)
	w.ok(200, "POST", "/projects/"+w.project+"/addCustomFieldSetting", `{"data":{"custom_field":"`+f+`"}}`)
	if got := w.fieldOf(task, f)["text_value"]; got != "c-1" {
		t.Errorf("got %v, want c-1", got)
	}
}

func TestSectionsAreArranged(t *testing.T) {
	w := newWorld(t, asanatest.Options{})
	path := "/projects/" + w.project + "/sections"
	won := w.ok(201, "POST", path, `{"data":{"name":"Won"}}`)["gid"].(string)
	w.ok(200, "POST", path+"/insert", `{"data":{"section":"`+won+`","before_section":"`+w.sections[1]+`"}}`)
	w.ok(200, "PUT", "/sections/"+w.sections[1], `{"data":{"name":"Live"}}`)
	if got := w.get(path).list("name"); !slices.Equal(got, []string{"New", "Won", "Live"}) {
		t.Errorf("got sections %v", got)
	}
	w.add("in the first")
	w.refused(400, "DELETE", "/sections/"+w.sections[0], "")
	w.ok(200, "DELETE", "/sections/"+won, "")
	w.refused(404, "GET", "/sections/"+won, "")
}
