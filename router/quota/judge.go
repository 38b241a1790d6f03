package quota

import (
	"net/http"
	"time"

	"github.com/millrace/millrace/connectors/transport"
)

const (
	firstPause = time.Second // after a refusal that names no time; doubled for each further one
	longPause  = time.Minute
	cut        = 0.95 // of a told rate after a refusal: somebody else uses the account, or the told rate is wrong
	leastShare = 0.5  // of a told rate that refusals leave
	migrating  = 477  // HubSpot: the account is being moved, with Retry-After
)

// judge acts on an outcome: a refusal pauses the limit it names, or the whole account.
func (g *Governor) judge(p *permit, o transport.Outcome, now time.Time) {
	scope := &g.all
	concerned := p.limits
	if o.Limit != "" {
		l := g.byName[o.Limit]
		if l == nil {
			return // a limit of one object or user; it says nothing about the account
		}
		scope, concerned = &l.pause, []*limit{l}
	}
	switch {
	case o.Status == http.StatusTooManyRequests:
		g.refuse(p, scope, concerned, o.RetryAfter, now)
	case o.RetryAfter > 0 && (o.Status == http.StatusServiceUnavailable || o.Status == migrating):
		scope.pauseUntil(now.Add(o.RetryAfter))
	case o.Status > 0:
		p.absolve()
	}
}

// absolve forgets earlier refusals: a request that went out after them was let through.
func (p *permit) absolve() {
	if p.granted.After(p.g.all.since) {
		p.g.all.strikes = 0
	}
	for _, l := range p.limits {
		if p.granted.After(l.since) {
			l.strikes = 0
		}
	}
}

// refuse pauses the scope. All requests that were on their way when the first refusal came in belong to the same event:
// they lengthen the pause but teach nothing new.
func (g *Governor) refuse(p *permit, scope *pause, concerned []*limit, wait time.Duration, now time.Time) {
	for _, l := range concerned {
		l.refused++
	}
	if !p.granted.After(scope.since) {
		if wait > 0 {
			scope.pauseUntil(now.Add(wait))
		}
		return
	}
	if wait <= 0 {
		wait = min(longPause, firstPause<<min(scope.strikes, 10))
	}
	scope.since = now
	scope.strikes++
	scope.pauseUntil(now.Add(wait))
	for _, l := range concerned {
		l.cutBack(p.markOf(l), wait, now)
	}
}

func (p *permit) markOf(l *limit) mark {
	for i, mine := range p.limits {
		if mine == l && i < len(p.marks) {
			return p.marks[i]
		}
	}
	return mark{}
}

// cutBack empties the bucket and lowers the rate.
func (l *limit) cutBack(m mark, wait time.Duration, now time.Time) {
	l.refill(now)
	l.tokens = min(l.tokens, 0)
	if l.learn == nil {
		l.rate = max(l.full*leastShare, l.rate*cut)
		return
	}
	l.learn.refused(m, wait)
	l.rate = l.learn.rate * (1 - l.share)
}

// Pause stops the named limit, or the whole account for an empty name, for d. It is for a refusal that only the
// connector can read, such as Salesforce's 403 REQUEST_LIMIT_EXCEEDED. An undeclared name does nothing.
func (g *Governor) Pause(name string, d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	scope := &g.all
	if name != "" {
		l := g.byName[name]
		if l == nil {
			return
		}
		scope = &l.pause
	}
	scope.pauseUntil(g.now().Add(d))
	g.pump()
}
