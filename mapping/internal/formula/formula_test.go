package formula

import (
	"reflect"
	"strings"
	"testing"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/types"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

var env = types.Map{"person": types.Map{"name": types.Map{"given": types.String}, "tags": types.Array(types.String)}, "record": types.Any}

func TestCompileRefuses(t *testing.T) {
	for source, want := range map[string]string{
		`person.nme`:                          "1:8: ",
		`person.name.given + 1`:               "1:19: ",
		"person.name.given\n+ person.x":       "2:10: ",
		`now()`:                               "1:1: ",
		`keys(person)`:                        "1:1: ",
		`repeat("x", 100)`:                    "1:1: ",
		`len(person.tags)`:                    "int",
		``:                                    "empty",
		`"` + strings.Repeat("x", 5000) + `"`: "5002 bytes",
		`"a" matches "("`:                     "1:",
	} {
		f, err := Compile(source, env, Text)
		if err == nil {
			t.Errorf("%.40q compiles to %v; want an error with %q", source, f, want)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q gives %q; want %q in it", source, err, want)
		}
	}
}

func TestRun(t *testing.T) {
	f, err := Compile(`person?.name.given ?? "nobody"`, env, Text)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.Run(map[string]any{}); got != "nobody" || err != nil {
		t.Errorf("without a person: %v, %v; want nobody", got, err)
	}
	if !reflect.DeepEqual(f.Paths(), [][]string{{"person", "name", "given"}}) {
		t.Errorf("reads %v; want person.name.given", f.Paths())
	}
	f, err = Compile(`record.a`, env, Text)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := f.Run(map[string]any{"record": map[string]any{}}); got != "" || err != nil {
		t.Errorf("nothing as a text: %#v, %v; want \"\"", got, err)
	}
}

func TestRunTimeErrorsHideValues(t *testing.T) { // invariant 9
	for _, source := range []string{`int(record.secret) > 1`, `record.secret > 1`, `record.secret.x == 1`, `record.secret`, `len(1..1000000) > 0`} {
		f, err := Compile(source, env, Bool)
		if err != nil {
			t.Fatal(err)
		}
		_, err = f.Run(map[string]any{"record": map[string]any{"secret": "ana@x.example"}})
		if err == nil || strings.Contains(err.Error(), "ana@") {
			t.Errorf("%s gives error %v; want one without the value", source, err)
		}
	}
}

func TestPathsOfIndexes(t *testing.T) {
	f, err := Compile(`record["a"].b == "x" && record[record.key] == 1 && any(record.list, .c == 2)`, env, Bool)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"record", "a", "b"}, {"record"}, {"record", "key"}, {"record", "list"}}
	if !reflect.DeepEqual(f.Paths(), want) {
		t.Errorf("reads %v; want %v", f.Paths(), want)
	}
}

func TestPathsOfElements(t *testing.T) {
	names := types.Map{"deals": types.Any, "people": types.Any, "person": types.Any}
	for source, want := range map[string][][]string{
		`map(deals, .name)`:                {{"deals", "name"}, {"deals", "id"}},
		`map(deals ?? [], 1)`:              {{"deals", "id"}},
		`map(deals, #)`:                    {{"deals"}, {"deals", "id"}},
		`map(filter(deals, .open), .name)`: {{"deals", "open"}, {"deals", "name"}, {"deals", "id"}},
		`filter(deals, .open)`:             {{"deals", "open"}, {"deals"}},
		`len(deals) > 0`:                   {{"deals", "id"}},
		`len(filter(deals, .open))`:        {{"deals", "open"}, {"deals", "id"}},
		`map(people, .label + join(map(.emails, .address), person.x))`: {{"people", "label"}, {"people", "emails", "address"}, {"people", "emails", "id"}, {"person", "x"}, {"people", "id"}},
		`map(take(people, 2), contact(#))`:                             {{"people", "label"}, {"people", "phones"}, {"people", "id"}},
		`contact(person)`:                                              {{"person", "label"}, {"person", "phones"}},
		`contact(person ?? deals)`:                                     {{"person"}, {"deals"}},
	} {
		f, err := CompileWith(map[string][]string{"contact": {"label", "phones"}}, source, names, Any,
			expr.Function("contact", func(...any) (any, error) { return "", nil }, new(func(any) string)))
		if err != nil {
			t.Fatal(source, err)
		}
		if diff := cmp.Diff(want, f.Paths(), cmpopts.SortSlices(func(a, b []string) bool { return strings.Join(a, ".") < strings.Join(b, ".") })); diff != "" {
			t.Errorf("%s reads (-want +got):\n%s", source, diff)
		}
	}
}
