package relay

import (
	"bytes"
	"context"
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
	to   string
	key  connectors.Secret
	http *http.Client
	now  func() time.Time
}

// sendTime is how long a batch may take.
const sendTime = 30 * time.Second

// NewClient returns a client of the hub at an address. A key that is too short is refused.
func NewClient(to string, key connectors.Secret, now func() time.Time) (*Client, error) {
	if len(key.Reveal()) < leastKey {
		return nil, errKey
	}
	if u, err := url.Parse(to); err != nil || u.Host == "" {
		return nil, fmt.Errorf("%q is no address of a hub", to)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConns = 2
	return &Client{to: to, key: key, now: now, http: &http.Client{Transport: transport, Timeout: sendTime,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}, nil
}

// Send returns nil when the hub has stored the whole list, and has proved that it is the hub. The list is in the order of its
// numbers, and not empty.
func (c *Client) Send(ctx context.Context, spool string, list []Numbered) error {
	body, err := json.Marshal(Batch{spool, c.now().UTC(), list})
	if err != nil {
		return fmt.Errorf("forward deliveries: %w", err)
	}
	signature := sign(c.key, "batch", "", body)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.to, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("forward deliveries: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(doorHeader, door(c.key))
	req.Header.Set(signatureHeader, signature)
	res, err := c.http.Do(req)
	if err != nil {
		return fmt.Errorf("forward deliveries: %w", bare(err))
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return fmt.Errorf("forward deliveries: %w", bare(err))
	}
	switch {
	case res.StatusCode == http.StatusUnauthorized, res.StatusCode == http.StatusNotFound:
		return errors.New("forward deliveries: the hub does not know us: it must have the same forward.key, and forward.to must end with its path")
	case res.StatusCode == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("forward deliveries: HTTP 413: a proxy before the hub takes no request that large; have it take %d MiB", MostBytes>>20)
	case res.StatusCode != http.StatusOK:
		return fmt.Errorf("forward deliveries: HTTP %d", res.StatusCode)
	case !same(sign(c.key, "receipt", signature, answer), res.Header.Get(signatureHeader)):
		return errors.New("forward deliveries: the answer is not signed by the hub")
	}
	var receipt Receipt
	if err := decode(answer, &receipt); err != nil {
		return fmt.Errorf("forward deliveries: the answer %w", err)
	}
	if last := list[len(list)-1].Number; receipt.UpTo != last {
		return fmt.Errorf("forward deliveries: the hub has them up to %d, not %d", receipt.UpTo, last)
	}
	return nil
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
