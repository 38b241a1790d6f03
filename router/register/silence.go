package register

import (
	"fmt"
	"time"

	"github.com/millrace/millrace/connectors"
)

// A webhook that its vendor shows to be on is taken for silent when nothing has come for a day, though so many polls found
// changes of what it tells of. Not every change fires one: an import does not, and an account may have a quiet night.
const (
	silentFor   = 24 * time.Hour
	silentLeast = 10
)

// Ear listens to what a connection's vendor delivers.
type Ear interface {
	// Silence returns since when nothing was delivered, and how many polls of the streams found changes since.
	Silence(streams []string) (since time.Time, polls int)
	// Listen has the silence begin anew: a webhook was made or changed.
	Listen()
}

// hush finds those of ours that do not tell what they are there for, of vendors that never say so, and returns since when,
// zero for none.
func hush(a Account, wanted, ours []connectors.Subscription, now time.Time) (quiet time.Time) {
	if a.Ear == nil {
		return quiet
	}
	streams := map[string][]string{}
	for _, w := range wanted {
		streams[w.Of] = w.Streams
	}
	for i := range ours {
		s := &ours[i]
		if s.State != connectors.SubscriptionOn || len(streams[s.Of]) == 0 {
			continue
		}
		since, polls := a.Ear.Silence(streams[s.Of])
		if polls >= silentLeast && now.Sub(since) >= silentFor {
			s.State, s.Since, quiet = connectors.SubscriptionSilent, since, since
			s.Why = fmt.Sprintf("nothing came since %s, and %d polls found changes", since.UTC().Format(time.RFC3339), polls)
		}
	}
	return quiet
}
