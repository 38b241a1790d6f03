package cli

import (
	"errors"
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

// cleaned says that a value was written with characters that nobody sees.
type cleaned struct {
	Field      string `json:"field"`
	Characters int    `json:"characters"` // that were left out
}

func (c cleaned) reason() string {
	return fmt.Sprintf("its source wrote it with %s that nobody sees, left out here", plural(c.Characters, "character"))
}

// cleanedOf lists the texts of one record of an entity that its source wrote with characters that nobody sees. What the
// vendor sent is not there any more when it was too large, or erased: then nothing is listed.
func cleanedOf(s *ledger.Snap, e *work.Entity, ref string) ([]cleaned, error) {
	at := slices.IndexFunc(e.Golden.Sources, func(o identity.Source) bool { return o.Ref == ref && o.Live })
	parsed, err := connectors.ParseRef(ref)
	if at < 0 || err != nil {
		return nil, err
	}
	raw, err := s.Raw(parsed)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	written := map[string]int{}
	eachText(gjson.ParseBytes(raw), func(text string) {
		if n := canonical.Unseen(text); n > 0 {
			written[canonical.CleanText(text)] = n
		}
	})
	var list []cleaned
	for _, f := range e.Golden.Sources[at].Profile.Fields {
		if n := written[gjson.ParseBytes(f.Value).String()]; n > 0 {
			list = append(list, cleaned{f.Name, n})
		}
	}
	return list, nil
}

// cleanedIn is cleanedOf for one field.
func cleanedIn(s *ledger.Snap, e *work.Entity, ref, field string) ([]cleaned, error) {
	list, err := cleanedOf(s, e, ref)
	return slices.DeleteFunc(list, func(c cleaned) bool { return c.Field != field }), err
}

// eachText calls fn for every text in a JSON value.
func eachText(v gjson.Result, fn func(string)) {
	if v.Type == gjson.String {
		fn(v.Str)
	}
	if v.IsObject() || v.IsArray() {
		v.ForEach(func(_, inner gjson.Result) bool {
			eachText(inner, fn)
			return true
		})
	}
}
