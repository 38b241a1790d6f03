package relay

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/receive"
)

// Learner is the receiver that goes by what the hub tells; receive.Receiver is one.
type Learner interface {
	Expect(path string, keep func(context.Context, connectors.Secret) error) (end func(), err error)
	Trust(path string, secrets ...connectors.Secret) error
}

// Vault keeps what the hub told last; spool.Spool is one.
type Vault interface {
	PutTold(ctx context.Context, sealed []byte) error
	Told(ctx context.Context) ([]byte, error)
}

// Follower has a receiver on another host go by what its hub tells: the secrets that vendors made, and where one is expected.
// What was told holds until the hub tells otherwise, also after a restart while the hub is away.
type Follower struct {
	Client   *Client
	Spool    string // the name under which it forwards
	Receiver string // what it is called after a restart, too
	Takes    []string
	To       Learner
	Vault    Vault
	Waiting  func(context.Context) Waiting // nil = nothing ever waits
	Log      *slog.Logger

	patience time.Duration // for tests; 0 = offerTime

	mu      sync.Mutex
	echo    string
	has     string
	secrets map[string][]string // by path
	windows map[string]func()   // by name; ends it
	missing map[string]bool     // connections that are not received here and were told of
}

const (
	// offerTime bounds what a vendor that offers a secret waits for; Asana gives up after ten seconds.
	offerTime = 5 * time.Second
	// The wait after a failure doubles from leastWait to mostWait, half of it random.
	leastWait = time.Second
	mostWait  = 15 * time.Second
	// olderWait is how often an older hub is asked whether it is a newer one now.
	olderWait = time.Minute
	// soon is the wait before the hub hears that its news is gone by.
	soon = 50 * time.Millisecond
	// mostTrusted bounds the secrets of one path here until the hub tells which of them it keeps.
	mostTrusted = 8
)

// Restore has the receiver go by what was told before it was started.
func (f *Follower) Restore(ctx context.Context) error {
	sealed, err := f.Vault.Told(ctx)
	if err != nil || len(sealed) == 0 {
		return err
	}
	text, err := f.Client.seals.kept.Open(nil, nil, sealed, nil)
	if err != nil {
		return errors.New("what the hub told before cannot be opened: forward.key is another one now, or the file is damaged; until the hub is asked only configured secrets hold")
	}
	var list []trusted
	if err := decode(text, &list); err != nil {
		return fmt.Errorf("what the hub told before %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.trust(list)
	return nil
}

// Run asks the hub until ctx ends.
func (f *Follower) Run(ctx context.Context) {
	older := false
	for failures := 0; ctx.Err() == nil; {
		news, tell, err := f.once(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			if failures++; failures == 1 {
				f.Log.Warn("the hub cannot be asked; secrets that it told before go on to hold", "error", err)
			}
			pause(ctx, min(mostWait, leastWait<<min(failures-1, 10)))
		case tell == nil:
			if !older {
				f.Log.Warn("the hub is of an older version: secrets that vendors make have to be set here by hand")
			}
			older = true
			pause(ctx, olderWait)
		default:
			if failures > 0 || older {
				f.Log.Info("the hub answers again")
			}
			failures, older = 0, false
			if news {
				pause(ctx, soon)
			} else { // it held its answer, or could not
				pause(ctx, leastWait)
			}
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d/2 + rand.N(d/2+1))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// once asks once and reports whether the answer had something new. A nil Tell is of an older hub.
func (f *Follower) once(ctx context.Context) (news bool, tell *Tell, err error) {
	a := f.question(ctx)
	a.Hold = true
	tell, s, err := f.Client.ask(ctx, f.Spool, a)
	if err != nil || tell == nil {
		return false, nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	news = tell.Challenge != f.echo || s != nil
	f.echo = tell.Challenge
	if s != nil {
		err = f.follow(ctx, *s, tell.Tag)
	}
	return news, tell, err
}

// question is what the hub is asked now.
func (f *Follower) question(ctx context.Context) Ask {
	a := Ask{Receiver: f.Receiver, Takes: f.Takes}
	if f.Waiting != nil {
		a.Waiting = f.Waiting(ctx)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	a.Echo, a.Has = f.echo, f.has
	return a
}

// follow goes by a state, and only then says that it has it: the hub has a vendor asked once it knows that. The lock is held.
func (f *Follower) follow(ctx context.Context, s state, tag string) error {
	f.trust(s.Secrets)
	if err := f.keep(ctx); err != nil {
		return err
	}
	still := map[string]bool{}
	for _, w := range s.Windows {
		still[w.Name] = true
	}
	for name, end := range f.windows {
		if !still[name] {
			end()
			delete(f.windows, name)
		}
	}
	for _, w := range s.Windows {
		f.expect(w)
	}
	f.has = tag
	return nil
}

// trust replaces the secrets of all paths. The lock is held.
func (f *Follower) trust(list []trusted) {
	now := map[string][]string{}
	for _, t := range list {
		now[t.Path] = t.Secrets
		f.tell(t.Path, t.Secrets)
	}
	for path := range f.secrets {
		if now[path] == nil {
			f.tell(path, nil)
		}
	}
	f.secrets = now
}

func (f *Follower) tell(path string, texts []string) {
	secrets := make([]connectors.Secret, len(texts))
	for i, text := range texts {
		secrets[i] = connectors.NewSecret(text)
	}
	if f.To.Trust(path, secrets...) != nil {
		f.miss(path)
	}
}

// miss says once of each connection that the hub knows it and this host does not.
func (f *Follower) miss(path string) {
	connection := receive.ConnectionOf(path)
	if f.missing == nil {
		f.missing = map[string]bool{}
	}
	if !f.missing[connection] {
		f.Log.Warn("the hub registers webhooks for a connection that is not received here; add it to connections and webhooks.receive", "source", connection)
	}
	f.missing[connection] = true
}

// keep writes what is trusted down, sealed, unless it is there already. The lock is held.
func (f *Follower) keep(ctx context.Context) error {
	list := []trusted{}
	for _, path := range slices.Sorted(maps.Keys(f.secrets)) {
		list = append(list, trusted{path, f.secrets[path]})
	}
	text, _ := json.Marshal(list) // texts only
	if sealed, err := f.Vault.Told(ctx); err == nil {
		if old, err := f.Client.seals.kept.Open(nil, nil, sealed, nil); err == nil && string(old) == string(text) {
			return nil
		}
	}
	return f.Vault.PutTold(ctx, f.Client.seals.kept.Seal(nil, nil, text, nil))
}

// expect opens a window here. The lock is held.
func (f *Follower) expect(w window) {
	if f.windows[w.Name] != nil {
		return
	}
	end, err := f.To.Expect(w.Path, func(ctx context.Context, secret connectors.Secret) error { return f.offered(ctx, w, secret) })
	if err != nil {
		f.miss(w.Path)
		return
	}
	if f.windows == nil {
		f.windows = map[string]func(){}
	}
	f.windows[w.Name] = end
}

// offered returns nil once a secret that a vendor offered is durable at the hub, and here: the vendor signs with it from then on,
// whatever becomes of either.
func (f *Follower) offered(ctx context.Context, w window, secret connectors.Secret) error {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(f.patience, offerTime))
	defer cancel()
	if err := f.Client.offer(ctx, f.Spool, f.question(ctx), w.Name, secret); err != nil {
		return fmt.Errorf("a vendor's secret is not kept: %w", err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	list := f.secrets[w.Path]
	if !slices.Contains(list, secret.Reveal()) {
		list = append(slices.Clone(list), secret.Reveal())
	}
	if f.secrets == nil {
		f.secrets = map[string][]string{}
	}
	f.secrets[w.Path] = list[max(0, len(list)-mostTrusted):]
	return f.keep(ctx)
}
