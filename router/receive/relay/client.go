package relay

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/millrace/millrace/connectors"
)

// Client is the receiver's side.
type Client struct {
	to    string
	key   connectors.Secret
	seals seals
	http  *http.Client
	now   func() time.Time
}

// sendTime is how long an exchange may take. A hub holds its answer for less.
const sendTime = 30 * time.Second

// NewClient returns a client of the hub at an address. A key that is too short is refused.
func NewClient(to string, key connectors.Secret, now func() time.Time) (*Client, error) {
	if len(key.Reveal()) < leastKey {
		return nil, errKey
	}
	if u, err := url.Parse(to); err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is no address of a hub", to)
	}
	seals, err := newSeals(key)
	if err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = 3 // batches, the question that waits, and an offer
	return &Client{to: to, key: key, seals: seals, now: now, http: &http.Client{Transport: transport, Timeout: sendTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// Send returns nil when the hub has stored the whole list, and has proved that it is the hub. The list is in the order of its
// numbers, and not empty.
func (c *Client) Send(ctx context.Context, spool string, list []Numbered) error {
	receipt, _, err := c.exchange(ctx, Batch{Spool: spool, List: list})
	if err != nil {
		return fmt.Errorf("forward deliveries: %w", err)
	}
	if last := list[len(list)-1].Number; receipt.UpTo != last {
		return fmt.Errorf("forward deliveries: the hub has them up to %d, not %d", receipt.UpTo, last)
	}
	return nil
}

// exchange sends a batch and returns the answer, which the hub has signed for it, with the signature of the batch.
func (c *Client) exchange(ctx context.Context, m Batch) (receipt Receipt, signature string, err error) {
	m.Sent, m.Nonce = c.now().UTC(), rand.Text()
	body, err := json.Marshal(m)
	if err != nil {
		return receipt, "", err
	}
	signature = sign(c.key, "batch", "", body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.to, bytes.NewReader(body))
	if err != nil {
		return receipt, "", err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(doorHeader, door(c.key))
	req.Header.Set(signatureHeader, signature)
	res, err := c.http.Do(req)
	if err != nil {
		return receipt, "", bare(err)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, mostTell))
	if err != nil {
		return receipt, "", bare(err)
	}
	switch {
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusNotFound:
		return receipt, "", errors.New("the hub does not know us: it must have the same forward.key, and forward.to must end with its path")
	case res.StatusCode == http.StatusRequestEntityTooLarge:
		return receipt, "", fmt.Errorf("HTTP 413: a proxy before the hub takes no request that large; have it take %d MiB", MostBytes>>20)
	case res.StatusCode != http.StatusOK:
		return receipt, "", fmt.Errorf("HTTP %d", res.StatusCode)
	case !same(sign(c.key, "receipt", signature, answer), res.Header.Get(signatureHeader)):
		return receipt, "", errors.New("the answer is not signed by the hub")
	}
	if err := decode(answer, &receipt); err != nil {
		return receipt, "", fmt.Errorf("the answer %w", err)
	}
	return receipt, signature, nil
}

// ask asks the hub. A nil Tell is of an older hub; the state is nil unless it is another than the one that the question has.
func (c *Client) ask(ctx context.Context, spool string, a Ask) (*Tell, *state, error) {
	receipt, signature, err := c.exchange(ctx, Batch{Spool: spool, List: []Numbered{}, Ask: &a})
	if err != nil || receipt.Tell == nil || receipt.Tell.Tag == a.Has {
		return receipt.Tell, nil, err
	}
	text, err := c.seals.told.Open(nil, nil, receipt.Tell.Sealed, []byte(signature))
	if err != nil {
		return nil, nil, errors.New("what the hub tells cannot be opened")
	}
	var s state
	if err := decode(text, &s); err != nil {
		return nil, nil, fmt.Errorf("what the hub tells %w", err)
	}
	return receipt.Tell, &s, nil
}

// offer asks the hub to take a secret that a vendor offers, and returns nil when it is durable there.
func (c *Client) offer(ctx context.Context, spool string, a Ask, window string, secret connectors.Secret) error {
	a.Offer = &Offer{Window: window, Sealed: c.seals.offered.Seal(nil, nil, []byte(secret.Reveal()), []byte(window))}
	receipt, _, err := c.exchange(ctx, Batch{Spool: spool, List: []Numbered{}, Ask: &a})
	if err == nil && (receipt.Tell == nil || !receipt.Tell.Taken) {
		err = errors.New("the hub does not take the secret")
	}
	return err
}

// bare takes the address off an error of net/http.
func bare(err error) error {
	var u *url.Error
	if errors.As(err, &u) {
		return u.Err
	}
	return err
}

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }
