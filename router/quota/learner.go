package quota

import (
	"math"
	"slices"
	"time"
)

const (
	firstRate   = 1000.0 // actions a second before anything is known; what is in flight bounds it first
	fastStep    = 1.5    // a second, while never refused
	searchStep  = 1.1    // each half second, between the first refusal and a good estimate
	steadyStep  = 1.01   // each four seconds and, the surer the estimate, up to sixteen
	steadyPace  = 0.985  // of the estimate: a refusal costs a whole second
	idleGap     = 250 * time.Millisecond
	shortRun    = 2 * time.Second
	maxSureness = 2
	tooEasy     = 1.06 // of the estimate without a refusal: the vendor allows more than it did
	manyRuns    = 6
	manySteps   = 64
)

// learner finds an account's rate from refusals alone.
//
// A vendor with a bucket of B actions that refills at r a second has let pass at most B + r·T actions in any T seconds
// before a refusal, and exactly that many since the bucket was last full. So two runs up to a refusal, one short and
// one long, have one r at which both show the same B; see estimate. It lies between S/(T+pause), which the account has
// just sustained, and the best S/T of the run. A fixed window (B for the whole window, r = 0) ends up at the lower bound,
// which is right for it.
//
// The first refusal comes fast, at a rate that is much too high; the second after a search that rises slowly; from then
// on the pace stays just below the estimate and rises a little at a time, the more slowly the better estimates agree.
type learner struct {
	share   float64
	quantum time.Duration
	rate    float64 // the pace tried now
	known   float64 // the estimate; 0 = never refused
	steady  bool
	sure    int // estimates in a row that agree

	run    int       // number of the present run, so that old permits do not count for it
	began  time.Time // the run's first grant; zero = none yet
	last   time.Time // its latest
	count  float64
	grown  time.Time
	lacked time.Time // when somebody last waited for want of actions
	steps  []point   // of the present run: its start and every change of pace
	runs   []stretch // finished by a refusal, the latest last
}

// point is how far a run has come.
type point struct{ seconds, actions float64 }

// mark is where a run stood when a permit was granted.
type mark struct {
	run   int
	point point
}

// granted counts an action. After an idle moment the vendor's bucket has filled to an unknown height: a new run.
func (l *learner) granted(weight float64, now time.Time) mark {
	if l.began.IsZero() || now.Sub(l.last) > idleGap {
		l.run++
		l.began, l.count = now, 0
		l.steps = []point{{}}
	}
	l.last = now
	m := mark{l.run, point{now.Sub(l.began).Seconds(), l.count}}
	l.count += weight
	return m
}

// wanted says that somebody has to wait for want of actions; only then a higher rate would be of use, and only then
// going without a refusal proves anything.
func (l *learner) wanted(now time.Time) {
	if now.Sub(l.lacked) > idleGap {
		l.grown = now
		l.step(now)
	}
	l.lacked = now
	every, step := time.Second, fastStep
	switch {
	case l.steady:
		every, step = 4*time.Second<<l.sure, steadyStep
	case l.known > 0:
		every, step = time.Second/2, searchStep
	}
	if now.Sub(l.grown) < every {
		return
	}
	l.grown = now
	l.step(now)
	l.rate *= step
	if l.share > 0 && l.steady {
		l.rate = min(l.rate, l.known) // what is left to others would otherwise never be refused, and be taken
	}
	if l.steady && l.rate > tooEasy*l.known {
		l.runs, l.steady, l.sure = nil, false, 0
	}
}

// step remembers where the pace changed: the vendor's bucket may have been full until then.
func (l *learner) step(now time.Time) {
	if l.began.IsZero() {
		return
	}
	if len(l.steps) == manySteps {
		l.steps = l.steps[1:]
	}
	l.steps = append(l.steps, point{now.Sub(l.began).Seconds(), l.count})
}

// refused takes in a refusal of the request marked m, after which the vendor wants a pause.
func (l *learner) refused(m mark, wait time.Duration) {
	if m.run != l.run || l.began.IsZero() {
		return
	}
	end := point{max(m.point.seconds, l.quantum.Seconds()), max(m.point.actions, 1)}
	latest := stretch{l.steps, end}
	l.began = time.Time{}
	if l.steady && end.seconds < shortRun.Seconds() {
		l.runs, l.steady, l.sure = nil, false, 0 // the vendor changed its mind, or somebody else came in
	}
	l.runs = append(l.runs, latest)
	if len(l.runs) > manyRuns {
		l.runs = slices.Delete(l.runs, 1, 2) // the first is the short one, the measure of the vendor's bucket
	}
	low, high := end.actions/(end.seconds+wait.Seconds()), latest.fastest()
	rate, ok := estimate(l.runs, low, high)
	if !ok {
		rate = math.Sqrt(low * high)
	}
	l.settle(rate, ok || high < 1.15*low)
}

// settle adopts an estimate, as a sure one or as a place to search from.
func (l *learner) settle(estimate float64, good bool) {
	agrees := l.known > 0 && math.Abs(estimate-l.known) < 0.03*l.known
	l.known = max(estimate, leastRate)
	if !good {
		l.steady, l.rate = false, max(leastRate, min(estimate, 0.98*l.rate))
		return
	}
	if l.steady && agrees {
		l.sure = min(l.sure+1, maxSureness)
	}
	l.steady, l.rate = true, max(leastRate, estimate*steadyPace)
}

// restore goes on from a rate learnt earlier.
func (l *learner) restore(rate float64) {
	l.known, l.steady, l.sure = rate, true, 1
	l.rate = rate * steadyPace
}
