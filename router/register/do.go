package register

import (
	"context"

	"github.com/millrace/millrace/connectors"
)

// do carries a step out. What the vendor makes is durable before the step counts as done.
func (o *Office) do(ctx context.Context, a Account, s Step) error {
	if a.Ear != nil && s.Do != Keep {
		defer a.Ear.Listen()
	}
	switch s.Do {
	case Create:
		return o.create(ctx, a, s.Want)
	case Change:
		return o.changeOne(ctx, a, s)
	case Replace:
		if err := o.answers(a); err != nil {
			return err
		}
		if err := o.remove(ctx, a, s.Have); err != nil {
			return err
		}
		return o.create(ctx, a, s.Want)
	case Learn:
		return o.learn(ctx, a, s.Have, connectors.Secret{}, (*kept).adopt)
	case Remove:
		return o.remove(ctx, a, s.Have)
	}
	return nil
}

// create has the vendor make a subscription. Where the vendor offers a secret meanwhile, the receiver takes it at this
// address, and only now.
func (o *Office) create(ctx context.Context, a Account, want connectors.Subscription) error {
	if err := o.answers(a); err != nil {
		return err
	}
	_, offers := a.Registrar.(connectors.Handshaker)
	err := o.change(ctx, a, func(k *kept) {
		k.announce(want.URL, offers)
		o.distrust(a, k, want.URL)
	})
	if err != nil {
		return err
	}
	if offers {
		end, err := o.Receiver.Expect(pathOf(a.Place, want.URL), func(ctx context.Context, secret connectors.Secret) error {
			return o.change(ctx, a, func(k *kept) { k.offered(want.URL, secret) })
		})
		if err != nil {
			return err
		}
		defer end()
	}
	made, secret, err := a.Registrar.Register(ctx, a.Place, want)
	if err != nil {
		return err
	}
	return o.learn(ctx, a, made, secret, (*kept).made)
}

// learn keeps that a subscription is ours, and its secret, which it asks for where the vendor shows it.
func (o *Office) learn(ctx context.Context, a Account, made connectors.Subscription, secret connectors.Secret,
	keep func(*kept, connectors.Subscription, connectors.Secret)) error {
	var failed error
	if reader, ok := a.Registrar.(connectors.SecretReader); ok && secret.IsZero() {
		secret, failed = reader.SigningSecret(ctx, made)
	}
	var now kept
	err := o.change(ctx, a, func(k *kept) {
		keep(k, made, secret)
		now = *k
	})
	if err != nil {
		return err
	}
	if failed != nil {
		return failed // it is known to be ours, and its secret is asked for the next time
	}
	return o.trust(a, &now, made.URL)
}

func (o *Office) changeOne(ctx context.Context, a Account, s Step) error {
	if err := o.answers(a); err != nil {
		return err
	}
	changed := s.Want
	changed.ID = s.Have.ID
	k, err := load(ctx, o.Store, a.Place.Connection)
	if err != nil {
		return err
	}
	known := k.of(s.Have)
	if known == nil || known.ID == "" || changed.URL != s.Have.URL { // its deliveries may come there from the next moment on
		err = o.change(ctx, a, func(k *kept) {
			k.adopt(s.Have, connectors.Secret{})
			k.of(s.Have).To = changed.URL
			_ = o.trust(a, k, changed.URL) // said again when it is learnt
		})
	}
	if err == nil {
		err = a.Registrar.(connectors.Changer).Change(ctx, a.Place, s.Have, changed)
	}
	if err != nil {
		return err
	}
	var secret connectors.Secret
	if _, reads := a.Registrar.(connectors.SecretReader); known != nil && len(known.Secrets) == 1 && !reads { // else it is asked for: it may be another one now
		secret = known.secrets()[0]
	}
	return o.learn(ctx, a, changed, secret, (*kept).adopt)
}

// distrust has the receiver go by what is kept at an address: what was deleted delivers nothing any more that could be
// authentic.
func (o *Office) distrust(a Account, k *kept, url string) {
	if _, ok := a.Registrar.(connectors.Truster); ok && o.Receiver != nil && a.Place.Holds(url) {
		_ = o.Receiver.Trust(pathOf(a.Place, url), k.secrets(url)...) // fails where the connection receives nothing
	}
}

func (o *Office) remove(ctx context.Context, a Account, have connectors.Subscription) error {
	if err := a.Registrar.Unregister(ctx, a.Place, have); err != nil {
		return err
	}
	return o.change(ctx, a, func(k *kept) {
		k.forget(have.ID)
		o.distrust(a, k, have.URL)
	})
}
