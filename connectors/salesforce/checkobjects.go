package salesforce

import (
	"context"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// checkObjects describes every object that is read and says which cannot be, which fields the mapping misses, which of
// them only a sweep refreshes, and what a backfill costs.
func (a *account) checkObjects(ctx context.Context) ([]connectors.Finding, error) {
	var denied, absent, late, empty []string
	var costs []connectors.Finding
	counts, err := a.counts(ctx)
	if kind := connectors.KindOf(err); kind == connectors.Temporary || kind == connectors.Limited {
		return nil, err
	}
	for _, o := range a.objects {
		l, err := a.describe(ctx, o)
		if kind := connectors.KindOf(err); kind == connectors.Denied || kind == connectors.Rejected {
			denied = append(denied, reasonOf(err))
			continue
		}
		if err != nil {
			return nil, err
		}
		if names := a.unread(o, l); len(names) > 0 {
			absent = append(absent, o.name+": "+strings.Join(names, ", "))
		}
		if names := a.unstamped(o, l); len(names) > 0 {
			late = append(late, o.name+": "+strings.Join(names, ", "))
		}
		if w := a.estimate(o, l, counts); w.rows == 0 {
			empty = append(empty, o.name)
		} else {
			costs = append(costs, connectors.Finding{OK: true, What: "backfill", Detail: o.name + ": " + w.String()})
		}
	}
	list := []connectors.Finding{{OK: len(denied) == 0, What: "objects", Detail: "all that are configured can be read"}}
	if len(denied) > 0 {
		list[0].Detail = strings.Join(denied, "; ")
	}
	if len(absent) > 0 {
		list = append(list, connectors.Finding{OK: true, What: "fields",
			Detail: "the mapping reads fields that this organization does not have or hides from the user; they claim nothing: " + strings.Join(absent, "; ")})
	}
	if len(late) > 0 {
		list = append(list, connectors.Finding{OK: true, What: "formulas",
			Detail: "the mapping reads fields that change without a stamp; only the sweep, suggested every " + formulaEvery.String() + ", shows their changes: " + strings.Join(late, "; ")})
	}
	if len(empty) > 0 {
		costs = append(costs, connectors.Finding{OK: true, What: "backfill", Detail: "no rows: " + strings.Join(empty, ", ")})
	}
	return append(list, costs...), nil
}

// estimate is the way of a backfill by the vendor's numbers of rows; of an object that has only a part of the rows, as
// many as it can be at the most.
func (a *account) estimate(o object, l *layout, counts map[string]int64) way {
	rows, known := counts[o.sobject]
	if !known {
		rows = -1
	}
	return a.wayFor(o, l, rows)
}
