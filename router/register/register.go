package register

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/receive"
)

// Receiver is what deliveries come to: package receive's, or those on other hosts, too (Receivers).
type Receiver interface {
	// Answers returns nil when deliveries for a connection are taken, and otherwise an error that says what to do.
	Answers(connection string) error
	Expect(path string, keep func(context.Context, connectors.Secret) error) (end func(), err error)
	Trust(path string, secrets ...connectors.Secret) error
}

// Account is a connection whose vendor is told where to deliver.
type Account struct {
	Registrar connectors.Registrar
	Place     connectors.Place
	// Configured says that a secret of its webhooks is in its settings.
	Configured bool
	Ear        Ear // nil = nobody listens
}

// Office registers. It is safe for concurrent use: one account is dealt with at a time.
type Office struct {
	Store    Store
	Receiver Receiver // nil = none runs here, and nothing can be created
	Now      func() time.Time

	mu sync.Mutex
}

// Found is what a vendor has, compared with what is wanted.
type Found struct {
	Steps     []Step
	Strangers int // subscriptions of others, which are left alone
	// Since is up to when everything is known to have been as it should be; zero when nothing was registered from here.
	Since time.Time
	at    time.Time
	told  bool  // a gap told that something is wrong since then
	blind error // why it is not known what became of deliveries
}

// wrong returns the steps that are to be done, and those of what nothing can be done about but by people.
func (f Found) wrong() (list []Outcome) {
	for _, s := range f.Steps {
		if s.Do != Keep || s.Why != "" {
			list = append(list, Outcome{Step: s})
		}
	}
	return list
}

// ErrNoReceiver says that nobody would take what a vendor delivers, and that some vendors ask first.
var ErrNoReceiver = errors.New("no receiver runs here: vendors are told of an address that answers, and some ask it first; set webhooks.listen, start `millrace daemon`, and run the command again")

// answers returns nil when somebody takes what the vendor of an account delivers.
func (o *Office) answers(a Account) error {
	if o.Receiver == nil {
		return ErrNoReceiver
	}
	return o.Receiver.Answers(a.Place.Connection)
}

// mostPages bounds a vendor's list.
const mostPages = 10_000

// Look asks the vendor and plans. It changes nothing.
func (o *Office) Look(ctx context.Context, a Account) (Found, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.look(ctx, a, false)
}

func (o *Office) look(ctx context.Context, a Account, none bool) (Found, error) {
	f := Found{at: o.Now()}
	k, err := load(ctx, o.Store, a.Place.Connection)
	if err != nil {
		return f, err
	}
	if len(k.Subscriptions) > 0 {
		f.Since, f.told = k.Good, k.Wrong
	}
	var wanted []connectors.Subscription
	if !none {
		if wanted, err = a.Registrar.Wanted(ctx, a.Place); err != nil {
			return f, err
		}
	}
	var ours []connectors.Subscription
	var after connectors.Cursor
	for range mostPages {
		list, next, err := a.Registrar.Registered(ctx, a.Place, after)
		if err != nil {
			return f, err
		}
		for _, s := range list {
			if a.Place.Holds(s.URL) || k.created(s) {
				ours = append(ours, s)
			} else {
				f.Strangers++
			}
		}
		if next == "" {
			other, blind := renewals(ctx, a, &k, ours)
			f.blind = errors.Join(health(ctx, a, ours), blind)
			if quiet := hush(a, wanted, ours, f.at); !quiet.IsZero() && quiet.Before(f.Since) {
				f.Since = quiet
			}
			f.Steps = plan(wanted, ours, knowing(a, &k, other))
			k.doubt(f.Steps)
			return f, ctx.Err()
		}
		after = next
	}
	return f, fmt.Errorf("webhooks of %s: the vendor's list does not end", a.Place.Connection)
}

// health asks what became of the deliveries of ours, where the vendor tells it beside its list.
func health(ctx context.Context, a Account, ours []connectors.Subscription) (blind error) {
	reader, ok := a.Registrar.(connectors.HealthReader)
	if !ok {
		return nil
	}
	for i, s := range ours {
		if s.State != connectors.SubscriptionOn {
			continue
		}
		if known, err := reader.Health(ctx, s); err == nil {
			ours[i] = known
		} else {
			blind = errors.Join(blind, err)
		}
	}
	return blind
}

// renewals asks for the secrets of ours, where the vendor shows them, and returns the ids of those that are not the ones that
// are kept: whoever has the vendor make another one tells nobody, and every delivery would be refused from then on.
func renewals(ctx context.Context, a Account, k *kept, ours []connectors.Subscription) (other map[string]bool, blind error) {
	reader, ok := a.Registrar.(connectors.SecretReader)
	if !ok {
		return nil, nil
	}
	other = map[string]bool{}
	for _, s := range ours {
		known := k.of(s)
		if known == nil || len(known.Secrets) == 0 {
			continue
		}
		secret, err := reader.SigningSecret(ctx, s)
		if err != nil {
			blind = errors.Join(blind, err)
			continue
		}
		other[s.ID] = !slices.Contains(known.Secrets, secret.Reveal())
	}
	return other, blind
}

func knowing(a Account, k *kept, other map[string]bool) know {
	_, changes := a.Registrar.(connectors.Changer)
	_, offers := a.Registrar.(connectors.Handshaker)
	_, reads := a.Registrar.(connectors.SecretReader)
	_, shows := a.Registrar.(connectors.Truster) // in the answer to Register, where neither of them
	return know{changes: changes, proof: func(s connectors.Subscription) proof {
		known, there := k.of(s), k.secrets(s.URL)
		switch {
		case other[s.ID]:
			return renewed
		case known != nil && len(known.Secrets) > 0:
			return proven
		case reads:
			return readable
		case offers:
			if !a.Configured {
				return lost
			}
		case shows && (known != nil && known.ID == "" || len(there) > 0): // the answer was lost, or the address goes by another's
			return lost
		}
		return proven
	}}
}

// Outcome is what became of a step.
type Outcome struct {
	Step
	Err error
}

// Register makes the vendor's subscriptions what is wanted. A step that fails does not keep the others from being done.
func (o *Office) Register(ctx context.Context, a Account) ([]Outcome, Found, error) {
	return o.carryOut(ctx, a, false)
}

// Remove deletes all of ours.
func (o *Office) Remove(ctx context.Context, a Account) ([]Outcome, Found, error) {
	return o.carryOut(ctx, a, true)
}

func (o *Office) carryOut(ctx context.Context, a Account, none bool) ([]Outcome, Found, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	f, err := o.look(ctx, a, none)
	if err != nil {
		return nil, f, err
	}
	var list []Outcome
	failed := false
	for _, s := range f.Steps {
		err := o.do(ctx, a, s)
		failed = failed || err != nil
		list = append(list, Outcome{s, err})
	}
	if failed {
		return list, f, nil
	}
	return list, f, o.change(ctx, a, func(k *kept) {
		o.settle(a, k, f.Steps)
		switch {
		case none:
			for _, one := range k.Subscriptions { // those too whose creation came to nothing
				o.distrust(a, &kept{}, one.URL)
			}
			*k = kept{}
		case f.Since.IsZero():
			k.Good = f.at
		case f.told || len(f.wrong()) > 0: // what was missed until now is told by the next look
			k.Wrong = true
		case f.blind == nil:
			k.Good = f.at
		}
	})
}

// settle keeps what is known after steps that were all done.
func (o *Office) settle(a Account, k *kept, steps []Step) {
	k.saw(steps)
	for _, url := range k.settle(steps) {
		o.distrust(a, k, url)
	}
}

// LookRemove plans what Remove does.
func (o *Office) LookRemove(ctx context.Context, a Account) (Found, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.look(ctx, a, true)
}

// change changes what the ledger keeps of an account.
func (o *Office) change(ctx context.Context, a Account, with func(*kept)) error {
	k, err := load(ctx, o.Store, a.Place.Connection)
	if err != nil {
		return err
	}
	with(&k)
	return k.save(ctx, o.Store, a.Place.Connection)
}

// Known reports whether anything was registered for a connection from here.
func (o *Office) Known(ctx context.Context, connection string) (bool, error) {
	k, err := load(ctx, o.Store, connection)
	return len(k.Subscriptions) > 0, err
}

// Trust has the receiver go by the secrets that the ledger keeps, after a start.
func (o *Office) Trust(ctx context.Context, a Account) error {
	k, err := load(ctx, o.Store, a.Place.Connection)
	for i := range k.Subscriptions {
		err = errors.Join(err, o.trust(a, &k, k.Subscriptions[i].URL), o.trust(a, &k, k.Subscriptions[i].To))
	}
	return err
}

func (o *Office) trust(a Account, k *kept, url string) error {
	secrets := k.secrets(url)
	if o.Receiver == nil || len(secrets) == 0 || !a.Place.Holds(url) {
		return nil
	}
	return o.Receiver.Trust(pathOf(a.Place, url), secrets...)
}

// pathOf returns the path at which the receiver sees what is delivered to an address of the place.
func pathOf(p connectors.Place, url string) string {
	at := strings.TrimRight(p.Address, "/")
	name := at[strings.LastIndex(at, "/")+1:]
	return receive.HookPath + name + strings.TrimPrefix(url, at)
}
