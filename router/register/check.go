package register

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Missed has the connection's streams read again from an instant, for what its webhooks did not tell.
type Missed func(ctx context.Context, since time.Time, why string) error

// Check looks whether what was registered is still as it should be. What is not is told to missed and, with repair, made so.
// It returns what it found wrong, with what became of it. Of a connection that nothing was registered for it asks nobody: what
// a person has not said yes to is not created.
//
// However long something stays wrong, it is told twice: when it is found, and when it is right again, both since all was well.
// What happens between is polled; reading it again every hour would bring nothing.
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
	wrong := f.wrong()
	right, why := len(wrong) == 0, reasons(wrong)
	began := !f.Since.IsZero()      // else it was never as it should be, and nothing was told that could be missed
	if !right && !f.told && began { // before anything is repaired: a crash would leave what is right and nobody who knows what was missed
		if err := missed(ctx, f.Since, why); err != nil {
			return wrong, err
		}
		f.told = true
	}
	if !right || f.blind != nil {
		if err := o.change(ctx, a, func(k *kept) { k.saw(f.Steps); k.Wrong = f.told }); err != nil {
			return wrong, err
		}
	}
	if repair && !right {
		right = true
		for i := range wrong {
			wrong[i].Err = o.do(ctx, a, wrong[i].Step)
			right = right && wrong[i].Err == nil && wrong[i].Do != Keep
		}
	}
	if !right || f.blind != nil {
		return wrong, f.blind
	}
	if f.told { // until now nothing was delivered, and the first gap may have been read again already
		if err := missed(ctx, f.Since, why); err != nil {
			return wrong, err
		}
	}
	return wrong, o.change(ctx, a, func(k *kept) { o.settle(a, k, f.Steps); k.Good, k.Wrong = f.at, false })
}

// reasons says in a line what is wrong: no names and no addresses, which may hold secrets.
func reasons(wrong []Outcome) string {
	if len(wrong) == 0 {
		return "webhooks: what was wrong with them is right again"
	}
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
