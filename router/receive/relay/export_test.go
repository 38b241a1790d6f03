package relay

import (
	"context"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Door opens the hub's door.
func Door(key connectors.Secret) string { return door(key) }

// SignBatch signs any body as a receiver would.
func SignBatch(key connectors.Secret, body []byte) string { return sign(key, "batch", "", body) }

// SignReceipt signs any answer to a request of that signature as a hub would.
func SignReceipt(key connectors.Secret, about string, body []byte) string {
	return sign(key, "receipt", about, body)
}

// SealKept seals any text as a receiver does for its disk.
func SealKept(key connectors.Secret, text []byte) []byte {
	s, _ := newSeals(key)
	return s.kept.Seal(nil, nil, text, nil)
}

// Patient sets how long a vendor is kept waiting.
func (f *Follower) Patient(d time.Duration) { f.patience = d }

// Once asks once.
func (f *Follower) Once(ctx context.Context) error {
	_, _, err := f.once(ctx)
	return err
}

// Follow goes by a text that the hub told.
func (f *Follower) Follow(ctx context.Context, text []byte) error {
	var s state
	if err := decode(text, &s); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.follow(ctx, s, "tag")
}
