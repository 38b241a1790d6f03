package pubsub

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/salesforce/eventbus"
)

// DefaultEndpoint is the vendor's global endpoint
// (https://developer.salesforce.com/docs/platform/pub-sub-api/guide/pub-sub-endpoints.html).
const DefaultEndpoint = "api.pubsub.salesforce.com:7443"

// maxMessage is the largest answer taken. An event has at most 1 MB and a hundred can be outstanding, but the server
// sends them in answers of a few megabytes.
const maxMessage = 16 << 20

// checkTime is how long Check waits for an answer.
const checkTime = 20 * time.Second

// Options of a client.
type Options struct {
	// Endpoint is host:port, reached over TLS; http://host:port, without TLS, only for an address of this machine.
	// Empty = DefaultEndpoint.
	Endpoint string
	Tokens   connectors.Tokens
}

// Client subscribes to topics of one organization. It keeps schemas, which may be lost.
type Client struct {
	tokens connectors.Tokens
	target string
	creds  credentials.TransportCredentials
	// silence is how long the server may say nothing; shorter in tests.
	silence time.Duration

	mu      sync.Mutex
	schemas map[string]*schema // by the vendor's id, which is of the content
}

// New checks the options. It makes no request.
func New(o Options) (*Client, error) {
	if o.Tokens == nil {
		return nil, fmt.Errorf("the Pub/Sub API needs a sign-in by OAuth")
	}
	if o.Endpoint == "" {
		o.Endpoint = DefaultEndpoint
	}
	target, creds, err := endpoint(o.Endpoint)
	if err != nil {
		return nil, err
	}
	return &Client{tokens: o.Tokens, target: target, creds: creds, silence: silence, schemas: map[string]*schema{}}, nil
}

// CheckEndpoint says what is wrong with an endpoint, nil when it can be used.
func CheckEndpoint(text string) error {
	_, _, err := endpoint(text)
	return err
}

// endpoint returns what gRPC dials. A token leaves this machine encrypted only.
func endpoint(text string) (string, credentials.TransportCredentials, error) {
	address, plain := strings.CutPrefix(strings.TrimSuffix(text, "/"), "http://")
	host, port, err := net.SplitHostPort(address)
	if err != nil || host == "" || port == "" || strings.ContainsAny(address, "/@?#") {
		return "", nil, fmt.Errorf("endpoint %q is not host:port", text)
	}
	if !plain {
		return "dns:///" + address, credentials.NewTLS(&tls.Config{MinVersion: tls.VersionTLS12}), nil
	}
	if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return "", nil, fmt.Errorf("endpoint %q is without encryption and not on this machine", text)
	}
	return "passthrough:///" + address, insecure.NewCredentials(), nil
}

// authorized returns a context whose calls carry the sign-in, and the access token that it carries.
func (c *Client) authorized(ctx context.Context) (context.Context, connectors.Secret, error) {
	in, err := c.tokens.Token(ctx)
	if err != nil {
		return nil, connectors.Secret{}, err
	}
	org, err := organization(in.Extra["id"])
	if err != nil {
		return nil, in.Access, err
	}
	return metadata.AppendToOutgoingContext(ctx, "accesstoken", in.Access.Reveal(),
		"instanceurl", in.Extra["instance_url"], "tenantid", org), in.Access, nil
}

// organization returns the id of the organization in the identity URL that comes with a token,
// https://login.salesforce.com/id/00D…/005….
func organization(identity string) (string, error) {
	u, err := url.Parse(identity)
	if err == nil {
		parts := strings.Split(strings.Trim(u.Path, "/"), "/")
		if len(parts) == 3 && parts[0] == "id" && strings.HasPrefix(parts[1], "00D") && recordID(parts[1]) {
			return parts[1], nil
		}
	}
	return "", &connectors.Error{Kind: connectors.Denied, Op: "sign in to the Pub/Sub API",
		Reason: "the token came without the organization's id; the app needs the scope `id` or `openid`"}
}

// dial opens a connection of its own for a subscription, so that ending one ends all that belongs to it. It does not wait
// for the server.
func (c *Client) dial() (*grpc.ClientConn, error) {
	return grpc.NewClient(c.target, grpc.WithTransportCredentials(c.creds), grpc.WithDisableServiceConfig(),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)))
}

// Check asks the vendor whether a topic may be subscribed to.
func (c *Client) Check(ctx context.Context, topic string) error {
	op := "check " + topic
	signed, access, err := c.authorized(ctx)
	if err != nil {
		return err
	}
	conn, err := c.dial()
	if err != nil {
		return &connectors.Error{Kind: connectors.Temporary, Op: op, Err: err}
	}
	defer func() { _ = conn.Close() }()
	signed, cancel := context.WithTimeout(signed, checkTime)
	defer cancel()
	var trailer metadata.MD
	info, err := eventbus.NewPubSubClient(conn).GetTopic(signed, &eventbus.TopicRequest{TopicName: topic}, grpc.Trailer(&trailer))
	if err != nil {
		e := refused(op, err, trailer)
		if signInRefused(e) {
			c.tokens.Invalidate(access)
		}
		return e
	}
	if !info.GetCanSubscribe() {
		return &connectors.Error{Kind: connectors.Denied, Op: op, Reason: "the user may not subscribe to it"}
	}
	return nil
}
