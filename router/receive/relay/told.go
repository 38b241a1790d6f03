package relay

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
)

// told is what the hub has its receivers go by: secrets by path, and the windows that are open.
type told struct {
	key connectors.Secret

	mu      sync.Mutex
	secrets map[string][]string
	open    map[string]*opened // by name of the window
	text    []byte             // of the state
	tag     string
	changed chan struct{} // closed when the text is another
}

// opened is a window at the hub.
type opened struct {
	path  string
	until time.Time
	keep  func(context.Context, connectors.Secret) error
	taken bool
}

// windowTime is how long a window is open: as long as at the receiver, package receive.
const windowTime = time.Minute

func newTold(key connectors.Secret) *told {
	t := &told{key: key, secrets: map[string][]string{}, open: map[string]*opened{}, changed: make(chan struct{})}
	t.rewrite()
	return t
}

// rewrite makes text and tag anew. The tag is a keyed hash: who has what needs no memory at the hub, and a hub that was
// restarted sends nothing again. The lock is held.
func (t *told) rewrite() {
	s := state{Secrets: []trusted{}}
	for _, path := range slices.Sorted(maps.Keys(t.secrets)) {
		s.Secrets = append(s.Secrets, trusted{path, t.secrets[path]})
	}
	for _, name := range slices.Sorted(maps.Keys(t.open)) {
		s.Windows = append(s.Windows, window{t.open[name].path, name})
	}
	text, _ := json.Marshal(s) // texts only
	tag := sign(t.key, "state", "", text)
	if tag == t.tag {
		return
	}
	t.text, t.tag = text, tag
	close(t.changed)
	t.changed = make(chan struct{})
}

// now returns what receivers are to go by, and what is closed when that is another.
func (t *told) now() (text []byte, tag string, changed <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text, t.tag, t.changed
}

// trust replaces the secrets of a path.
func (t *told) trust(path string, secrets []connectors.Secret) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.secrets, path)
	for _, s := range secrets {
		t.secrets[path] = append(t.secrets[path], s.Reveal())
	}
	t.rewrite()
}

// expect opens a window.
func (t *told) expect(path string, now time.Time, keep func(context.Context, connectors.Secret) error) (name string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, o := range t.open {
		if o.path == path && now.Before(o.until) {
			return "", errors.New("a webhook is being created there already")
		}
	}
	name = rand.Text()
	t.open[name] = &opened{path: path, until: now.Add(windowTime), keep: keep}
	t.rewrite()
	return name, nil
}

// close closes a window; one that is closed already is no error.
func (t *told) close(name string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, name)
	t.rewrite()
}

// take takes the first secret that is offered in an open window, and returns nil once it is durable. Receivers are told of it
// in the same breath as of the end of the window, so that none forgets what it has just learnt.
func (t *told) take(ctx context.Context, name string, secret connectors.Secret, now time.Time) error {
	t.mu.Lock()
	o := t.open[name]
	if o == nil || o.taken || !now.Before(o.until) {
		t.mu.Unlock()
		return errors.New("nobody is creating a webhook there")
	}
	o.taken = true
	t.mu.Unlock()
	err := o.keep(ctx, secret)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.open, name)
	if text := secret.Reveal(); err == nil && !slices.Contains(t.secrets[o.path], text) {
		t.secrets[o.path] = append(t.secrets[o.path], strings.Clone(text))
	}
	t.rewrite()
	return err
}

// challenge is a text that an answer holds and the next question has to repeat: who recorded a question cannot ask it again
// later, whatever the clocks of hub and receiver say.
type challenge struct {
	mu        sync.Mutex
	now, last string
	since     time.Time
}

// challengeTime is how long a challenge is given; it is taken for twice as long.
const challengeTime = time.Minute

// give returns the present challenge, and whether an echo is of it or the one before.
func (c *challenge) give(echo string, at time.Time) (present string, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if past := at.Sub(c.since); past >= challengeTime || past < 0 {
		if c.last = c.now; past >= 2*challengeTime {
			c.last = ""
		}
		c.now, c.since = rand.Text(), at
	}
	return c.now, echo != "" && (same(c.now, echo) || same(c.last, echo))
}
