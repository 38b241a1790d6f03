package register

import (
	"context"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/receive"
)

// Receivers are a hub's own receiver and those on other hosts that forward to it (relay.Hub). Which of them answers at the
// public address the hub cannot know, so each of them goes by the same; but where others are to forward, one of them has to be
// there before anything is created.
type Receivers struct{ Own, Others Receiver }

// Answers implements Receiver.
func (r Receivers) Answers(connection string) error { return r.Others.Answers(connection) }

// Expect implements Receiver: whichever of them the vendor offers the secret to takes it.
func (r Receivers) Expect(path string, keep func(context.Context, connectors.Secret) error) (end func(), err error) {
	endOthers, err := r.Others.Expect(path, keep)
	if err != nil || r.Own.Answers(receive.ConnectionOf(path)) != nil {
		return endOthers, err
	}
	endOwn, err := r.Own.Expect(path, keep)
	if err != nil {
		endOthers()
		return nil, err
	}
	return func() { endOwn(); endOthers() }, nil
}

// Trust implements Receiver.
func (r Receivers) Trust(path string, secrets ...connectors.Secret) error {
	if r.Own.Answers(receive.ConnectionOf(path)) == nil {
		if err := r.Own.Trust(path, secrets...); err != nil {
			return err
		}
	}
	return r.Others.Trust(path, secrets...)
}
