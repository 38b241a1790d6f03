package register

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Store keeps what is known of a connection's webhooks, sealed: a ledger.
type Store interface {
	PutHooks(ctx context.Context, connection string, text []byte) error
	Hooks(ctx context.Context, connection string) ([]byte, error)
}

// mostSecrets is how many secrets are trusted at one address: that of the webhook there, and those that were taken for one
// whose creation nobody learnt the end of.
const mostSecrets = 3

// kept is what the ledger knows of a connection's webhooks.
type kept struct {
	Subscriptions []keptOne `json:"subscriptions,omitempty"`
	// Good is when everything was last found as it should be; our clock.
	Good time.Time `json:"good,omitzero"`
	// Wrong says that something was found wrong since Good, and that a gap told so.
	Wrong bool `json:"wrong,omitempty"`
}

// keptOne is one webhook of ours. Its ID is empty while a creation is under way.
type keptOne struct {
	ID      string   `json:"id,omitempty"`
	Name    string   `json:"name,omitempty"` // at the vendor
	URL     string   `json:"url"`
	To      string   `json:"to,omitempty"`      // where it is being changed to deliver
	Secrets []string `json:"secrets,omitempty"` // the newest last
	// Lost is the newest delivery that is known to be lost; the vendor's clock.
	Lost time.Time `json:"lost,omitzero"`
}

func load(ctx context.Context, s Store, connection string) (kept, error) {
	text, err := s.Hooks(ctx, connection)
	var k kept
	if err == nil && text != nil {
		if json.Unmarshal(text, &k) != nil { // its cause would quote secrets
			err = fmt.Errorf("webhooks of %s: what the ledger keeps of them cannot be read; it was written by a newer version or is damaged", connection)
		}
	}
	return k, err
}

func (k kept) save(ctx context.Context, s Store, connection string) error {
	text, err := json.Marshal(k)
	if err != nil {
		return err
	}
	return s.PutHooks(ctx, connection, text)
}

// pending returns what is kept of what is being made at an address, nothing but the address when nothing was.
func (k *kept) pending(url string) *keptOne {
	i := slices.IndexFunc(k.Subscriptions, func(o keptOne) bool { return o.ID == "" && o.URL == url })
	if i < 0 {
		k.Subscriptions, i = append(k.Subscriptions, keptOne{URL: url}), len(k.Subscriptions)
	}
	return &k.Subscriptions[i]
}

// of returns what is kept of a subscription, nil for nothing: by its id, or as what was being made at its address when nobody
// heard how that ended.
func (k *kept) of(s connectors.Subscription) (found *keptOne) {
	for i := range k.Subscriptions {
		switch o := &k.Subscriptions[i]; {
		case o.ID == s.ID && o.ID != "":
			return o
		case o.ID == "" && o.URL == s.URL:
			found = o
		}
	}
	return found
}

// announce notes that a subscription is about to be made, before the vendor hears of it: the answer that tells its id, and its
// secret perhaps, may be lost, and then it must not be taken for the one that was there before it. Where the vendor offers the
// secret meanwhile, those of earlier tries stay: it may still make one of them.
func (k *kept) announce(url string, offers bool) {
	if o := k.pending(url); !offers {
		o.Secrets = nil
	}
}

// offered adds a secret that was taken at an address for what is being made there.
func (k *kept) offered(url string, secret connectors.Secret) {
	o := k.pending(url)
	o.Secrets = append(slices.DeleteFunc(o.Secrets, func(s string) bool { return s == secret.Reveal() }), secret.Reveal())
	o.Secrets = o.Secrets[max(0, len(o.Secrets)-mostSecrets):]
}

// made notes that a subscription was made, with its secret, or the newest that was offered for it. What was at its address
// before is gone.
func (k *kept) made(s connectors.Subscription, secret connectors.Secret) {
	one := k.named(s, secret)
	one.Secrets = one.Secrets[max(0, len(one.Secrets)-1):]
	k.Subscriptions = slices.DeleteFunc(k.Subscriptions, func(o keptOne) bool { return o.URL == s.URL })
	k.put(one)
}

// adopt notes that a subscription is ours, with its secret, or all that may be its own.
func (k *kept) adopt(s connectors.Subscription, secret connectors.Secret) { k.put(k.named(s, secret)) }

// named is what is kept of a subscription, under its id.
func (k *kept) named(s connectors.Subscription, secret connectors.Secret) keptOne {
	one := keptOne{ID: s.ID, Name: s.Name, URL: s.URL}
	if was := k.of(s); was != nil {
		if one.Secrets = slices.Clone(was.Secrets); was.ID == s.ID {
			one.Lost = was.Lost
		}
	}
	if !secret.IsZero() {
		one.Secrets = []string{secret.Reveal()}
	}
	return one
}

// put keeps one, instead of what was kept of it and of what was being made at its address.
func (k *kept) put(one keptOne) {
	k.Subscriptions = slices.DeleteFunc(k.Subscriptions, func(o keptOne) bool {
		return o.ID == one.ID || o.ID == "" && o.URL == one.URL
	})
	k.Subscriptions = append(k.Subscriptions, one)
}

// forget takes a subscription out.
func (k *kept) forget(id string) {
	k.Subscriptions = slices.DeleteFunc(k.Subscriptions, func(o keptOne) bool { return o.ID == id })
}

// settle leaves what is kept of those that are there after the steps, and returns the addresses of the rest.
func (k *kept) settle(steps []Step) (gone []string) {
	k.Subscriptions = slices.DeleteFunc(k.Subscriptions, func(o keptOne) bool {
		there := slices.ContainsFunc(steps, func(s Step) bool {
			return s.Do != Remove && s.Want.URL == o.URL && (s.Do == Create || s.Do == Replace || s.Have.ID == o.ID)
		})
		if !there {
			gone = append(gone, o.URL)
		}
		return !there
	})
	return gone
}

// created reports whether we created a subscription. Vendors with small numbers for ids have the same in every account, so
// that its name must be the same, too.
func (k *kept) created(s connectors.Subscription) bool {
	return s.ID != "" && slices.ContainsFunc(k.Subscriptions, func(o keptOne) bool { return o.ID == s.ID && o.Name == s.Name })
}

// doubt says of those that are well now that the vendor gave up deliveries of them since the last look.
func (k *kept) doubt(steps []Step) {
	for i := range steps {
		s := &steps[i]
		news := slices.ContainsFunc(k.Subscriptions, func(o keptOne) bool { return o.ID == s.Have.ID && s.Have.Lost.After(o.Lost) })
		if s.Do == Keep && s.Why == "" && news {
			s.Why = whyLost
		}
	}
}

// saw keeps what is known of those that were looked at: that those which are as they should be are ours, and what became of
// their deliveries.
func (k *kept) saw(steps []Step) {
	for _, s := range steps {
		o := k.of(s.Have)
		if s.Do == Keep && (o == nil || o.ID == "" || o.URL != s.Have.URL) {
			k.adopt(s.Have, connectors.Secret{})
			o = k.of(s.Have)
		}
		if o != nil && o.ID != "" && s.Have.Lost.After(o.Lost) {
			o.Lost = s.Have.Lost
		}
	}
}

// secrets returns those that are trusted at an address.
func (k *kept) secrets(url string) (list []connectors.Secret) {
	for i := range k.Subscriptions {
		if o := &k.Subscriptions[i]; o.URL == url || o.To == url {
			list = append(list, o.secrets()...)
		}
	}
	return list
}

func (o *keptOne) secrets() (list []connectors.Secret) {
	for _, s := range o.Secrets {
		list = append(list, connectors.NewSecret(s))
	}
	return list
}
