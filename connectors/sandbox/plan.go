package sandbox

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"sync"
)

// Plan is the list of faults in force. The first fault that matches a request and is due harms it; at most one does.
// It is safe for concurrent use, and a nil Plan never harms anything.
type Plan struct {
	mu     sync.Mutex
	rand   *rand.Rand
	faults []*planned
}

type planned struct {
	Fault
	path  *regexp.Regexp
	seen  int
	spent int
}

// NewPlan returns an empty plan whose probabilities follow seed: the same requests in the same order meet the same faults.
func NewPlan(seed uint64) *Plan {
	return &Plan{rand: rand.New(rand.NewPCG(seed, 0x5eed))}
}

// Add appends faults; when one of them is wrong none is added and the error names it by its place, counted from 1.
func (p *Plan) Add(faults ...Fault) error {
	added := make([]*planned, len(faults))
	for i, f := range faults {
		re, err := f.compile()
		if err != nil {
			return fmt.Errorf("add fault %d: %w", i+1, err)
		}
		added[i] = &planned{Fault: f, path: re}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = append(p.faults, added...)
	return nil
}

// Clear removes every fault.
func (p *Plan) Clear() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults = nil
}

// Faults returns the faults that can still do harm, in order, each with what is left of its Skip and Times.
func (p *Plan) Faults() []Fault {
	if p == nil {
		return nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	left := make([]Fault, 0, len(p.faults))
	for _, f := range p.faults {
		if f.Times > 0 && f.spent >= f.Times {
			continue
		}
		rest := f.Fault
		rest.Skip = max(0, f.Skip-f.seen)
		if rest.Times > 0 {
			rest.Times -= f.spent
		}
		left = append(left, rest)
	}
	return left
}

// take returns the fault that harms r and counts it as spent.
func (p *Plan) take(r *http.Request) (Fault, bool) {
	if p == nil {
		return Fault{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, f := range p.faults {
		if f.matches(r) && p.due(f) {
			return f.Fault, true
		}
	}
	return Fault{}, false
}

func (f *planned) matches(r *http.Request) bool {
	if f.Match.Method != "" && f.Match.Method != r.Method {
		return false
	}
	return f.path == nil || f.path.MatchString(r.URL.Path)
}

// due decides for a matching request; the caller holds mu.
func (p *Plan) due(f *planned) bool {
	if f.Times > 0 && f.spent >= f.Times {
		return false
	}
	f.seen++
	if f.seen <= f.Skip {
		return false
	}
	if f.Probability > 0 && p.rand.Float64() >= f.Probability {
		return false
	}
	f.spent++
	return true
}
