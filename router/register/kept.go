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

// at returns the place of the one that delivers to an address, -1 for none.
func (k *kept) at(url string) int {
	return slices.IndexFunc(k.Subscriptions, func(o keptOne) bool { return o.URL == url })
}

// offered adds a secret that was taken at an address.
func (k *kept) offered(url string, secret connectors.Secret) {
	i := k.at(url)
	if i < 0 {
		k.Subscriptions, i = append(k.Subscriptions, keptOne{URL: url}), len(k.Subscriptions)
	}
	o := &k.Subscriptions[i]
	o.Secrets = append(slices.DeleteFunc(o.Secrets, func(s string) bool { return s == secret.Reveal() }), secret.Reveal())
	o.Secrets = o.Secrets[max(0, len(o.Secrets)-mostSecrets):]
}

// made notes that a subscription is ours; the newest secret at its address is its own.
func (k *kept) made(s connectors.Subscription) {
	k.forget(s.ID, s.URL)
	i := k.at(s.URL)
	if i < 0 {
		k.Subscriptions, i = append(k.Subscriptions, keptOne{URL: s.URL}), len(k.Subscriptions)
	}
	o := &k.Subscriptions[i]
	o.ID, o.Name = s.ID, s.Name
	o.Secrets = o.Secrets[max(0, len(o.Secrets)-1):]
}

// forget takes a subscription out, unless it delivers to an address that is still wanted.
func (k *kept) forget(id, but string) {
	k.Subscriptions = slices.DeleteFunc(k.Subscriptions, func(o keptOne) bool { return o.ID == id && o.URL != but })
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

// saw keeps what is known of the deliveries of those that were looked at.
func (k *kept) saw(steps []Step) {
	for _, s := range steps {
		for i := range k.Subscriptions {
			if o := &k.Subscriptions[i]; o.ID == s.Have.ID && s.Have.Lost.After(o.Lost) {
				o.Lost = s.Have.Lost
			}
		}
	}
}

// secrets returns those that are trusted at an address.
func (k *kept) secrets(url string) (list []connectors.Secret) {
	if i := k.at(url); i >= 0 {
		for _, s := range k.Subscriptions[i].Secrets {
			list = append(list, connectors.NewSecret(s))
		}
	}
	return list
}
