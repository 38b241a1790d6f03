package register

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Missed has the connection's streams read again from an instant, for what its webhooks did not tell.
type Missed func(ctx context.Context, since time.Time, why string) error

// Check looks whether what was registered is still as it should be. What is not is told to missed and, with repair, made so.
// It returns what it found wrong, with what became of it. Of a connection that nothing was registered for it asks nobody: what
// a person has not said yes to is not created.
func (o *Office) Check(ctx context.Context, a Account, repair bool, missed Missed) ([]Outcome, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if known, err := o.Known(ctx, a.Place.Connection); err != nil || !known {
		return nil, err
	}
	f, err := o.look(ctx, a, false)
	if err != nil {
		return nil, err
	}
	var wrong []Outcome
	for _, s := range f.Steps {
		if s.Do != Keep || s.Have.State == connectors.SubscriptionFailing {
			wrong = append(wrong, Outcome{Step: s})
		}
	}
	if len(wrong) == 0 {
		return nil, o.told(ctx, a, f)
	}
	// The gap comes first, since a crash would leave what was repaired and nobody who knows what was missed. It comes again
	// afterwards: until then nothing was told, and the first may have been read again already.
	why := reasons(wrong)
	if err := missed(ctx, f.Since, why); err != nil {
		return wrong, err
	}
	if repair {
		for i := range wrong {
			wrong[i].Err = o.do(ctx, a, wrong[i].Step)
		}
		if err := missed(ctx, f.Since, why); err != nil {
			return wrong, err
		}
	}
	return wrong, o.told(ctx, a, f)
}

func (o *Office) told(ctx context.Context, a Account, f Found) error {
	return o.change(ctx, a, func(k *kept) { k.Good = f.at })
}

// reasons says in a line what is wrong: no names and no addresses, which may hold secrets.
func reasons(wrong []Outcome) string {
	count := map[string]int{}
	var order []string
	for _, w := range wrong {
		if count[w.Why]++; count[w.Why] == 1 {
			order = append(order, w.Why)
		}
	}
	for i, why := range order {
		if n := count[why]; n > 1 {
			order[i] = fmt.Sprintf("%s (%d)", why, n)
		}
	}
	return "webhooks: " + strings.Join(order, "; ")
}
