package quota

import (
	"math"
	"time"
)

const (
	firstRate   = 1000.0 // actions a second before anything is known; what is in flight bounds it first
	fastStep    = 1.5    // a second, while never refused
	searchStep  = 1.1    // each half second, between the first refusal and a good estimate
	steadyStep  = 1.01   // each four seconds and, the surer the estimate, up to a minute
	steadyPace  = 0.985  // of the estimate: a refusal costs a whole second
	idleGap     = 250 * time.Millisecond
	shortRun    = 2 * time.Second
	leastSpread = time.Second
	manyPoints  = 6
	maxSureness = 4
)

// learner finds an account's rate from refusals alone.
//
// Between a pause and the next refusal a vendor lets pass S = B + r·T actions in T seconds, for a bucket of B that
// refills at r; a fixed window has r = 0 and B for the whole window. So S/T is never less than the rate, S/(T+pause)
// never more, and two runs of different length give r as the slope of a line. The first refusal comes fast, at a rate
// that is much too high; the second after a search that rises slowly; from then on the pace stays just below
// the slope and rises a little at a time, the more slowly the better the estimates agree.
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
	points []point
}

// point is one finished run.
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
	l.rate *= step
	if l.share > 0 && l.steady {
		l.rate = min(l.rate, l.known) // what is left to others would otherwise never be refused, and be taken
	}
}

// refused takes in a refusal of the request marked m, after which the vendor wants a pause.
func (l *learner) refused(m mark, wait time.Duration) {
	if m.run != l.run {
		return
	}
	p := point{max(m.point.seconds, l.quantum.Seconds()), max(m.point.actions, 1)}
	l.began = time.Time{}
	low, high := p.actions/(p.seconds+wait.Seconds()), p.actions/p.seconds
	if l.steady && p.seconds < shortRun.Seconds() {
		l.points, l.steady, l.sure = nil, false, 0 // the vendor changed its mind, or somebody else came in
	}
	l.points = append(l.points, p)
	if len(l.points) > manyPoints {
		l.points = l.points[1:]
	}
	slope, ok := slopeOf(l.points)
	if !ok {
		slope = math.Sqrt(low * high)
	}
	estimate := min(max(slope, low), high)
	l.settle(estimate, ok || high < 1.15*low)
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

// slopeOf fits a line through the runs; it needs two of clearly different length.
func slopeOf(points []point) (float64, bool) {
	var n, st, ss, stt, sts float64
	short, long := math.Inf(1), 0.0
	for _, p := range points {
		n++
		st, ss = st+p.seconds, ss+p.actions
		stt, sts = stt+p.seconds*p.seconds, sts+p.seconds*p.actions
		short, long = min(short, p.seconds), max(long, p.seconds)
	}
	if n < 2 || long-short < leastSpread.Seconds() {
		return 0, false
	}
	return (n*sts - st*ss) / (n*stt - st*st), true
}

// restore goes on from a rate learnt earlier.
func (l *learner) restore(rate float64) {
	l.known, l.steady, l.sure = rate, true, 1
	l.rate = rate * steadyPace
}
