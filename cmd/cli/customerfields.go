package cli

import (
	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
)

// fieldsOf explains every field that a customer has a value of.
func fieldsOf(e *work.Entity) []identity.Why {
	list := make([]identity.Why, 0, len(e.Golden.Fields))
	for _, f := range e.Golden.Fields {
		if !canonical.IsNull(f.Value) {
			list = append(list, e.Golden.Why(f.Name))
		}
	}
	return list
}

// textsOf returns the texts of a value that is one or a list of them.
func textsOf(value []byte) []string {
	v := gjson.ParseBytes(value)
	if !v.IsArray() {
		return []string{v.String()}
	}
	var list []string
	v.ForEach(func(_, e gjson.Result) bool {
		list = append(list, e.String())
		return true
	})
	return list
}
