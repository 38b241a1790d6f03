package quota

import "time"

// leastSpread is how much two runs must differ in length to tell a rate from a bucket.
const leastSpread = time.Second

// stretch is one run, from its start to the request that was refused.
type stretch struct {
	steps []point // in order, at least the start
	end   point
}

// bucket is the smallest bucket that explains the run for a vendor that refills rate actions a second: the most that
// any part of the run, up to its end, took beyond what was refilled meanwhile.
func (s stretch) bucket(rate float64) float64 {
	most := 0.0
	for _, from := range s.steps {
		if seconds := s.end.seconds - from.seconds; seconds >= 0 {
			most = max(most, s.end.actions-from.actions-rate*seconds)
		}
	}
	return most
}

// fastest is the highest pace that any part of the run, up to its end, went at.
func (s stretch) fastest() float64 {
	most := s.end.actions / s.end.seconds
	for _, from := range s.steps {
		if seconds := s.end.seconds - from.seconds; seconds >= leastSpread.Seconds()/4 {
			most = max(most, (s.end.actions-from.actions)/seconds)
		}
	}
	return most
}

// estimate finds the rate, between low and high, at which the latest run and the shortest one show the same bucket.
// The longer run's bucket shrinks faster with the rate, so halving finds it. It reports false while the runs are too
// much alike.
func estimate(runs []stretch, low, high float64) (float64, bool) {
	long := runs[len(runs)-1]
	short := long
	for _, r := range runs {
		if r.end.seconds < short.end.seconds {
			short = r
		}
	}
	if long.end.seconds-short.end.seconds < leastSpread.Seconds() {
		return 0, false
	}
	for range 50 {
		middle := (low + high) / 2
		if long.bucket(middle) > short.bucket(middle) {
			low = middle
		} else {
			high = middle
		}
	}
	return low, true
}
