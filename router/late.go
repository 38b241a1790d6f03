package router

import "time"

// defaultLate is how long a target is given to finish what a killed process had asked of it: longer than a vendor usually
// takes for one request. What takes longer the second look finds (defaultRecheck).
const defaultLate = 5 * time.Second

// mayLand reports whether a call that is in doubt since then may still be under way. A process that is killed leaves its
// requests at the vendor, who goes on handling them: an object that a look-up does not find now may be there a moment
// later, and would be there twice (invariant 4). Calls of this process have ended, as far as we know, when they are in doubt.
func (r *Router) mayLand(since time.Time) bool {
	now := r.now()
	return !since.IsZero() && since.Before(r.begun) && now.Sub(r.begun) < r.o.Late && !now.Before(r.begun)
}
