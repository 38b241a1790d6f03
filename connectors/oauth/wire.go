package oauth

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"
)

// maxForm bounds a token request, which is ours: the longest part of it is an assertion.
const maxForm = 1 << 20

// newClient copies the client: a refresh token must not be posted to wherever an answer points, and some vendors want
// the request as JSON.
func newClient(c *http.Client, asJSON bool) *http.Client {
	if c == nil {
		c = &http.Client{}
	}
	with := *c
	with.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if asJSON {
		next := with.Transport
		if next == nil {
			next = http.DefaultTransport
		}
		with.Transport = jsonForm{next}
	}
	return &with
}

// onWire makes golang.org/x/oauth2 use our client. It reads at most 1 MiB of an answer.
func (s *Source) onWire(ctx context.Context) context.Context {
	return context.WithValue(ctx, oauth2.HTTPClient, s.config.HTTP)
}

// jsonForm sends a form as a JSON object: Zendesk's documents show nothing else
// (https://developer.zendesk.com/api-reference/ticketing/oauth/grant_type_tokens/).
type jsonForm struct{ next http.RoundTripper }

func (j jsonForm) RoundTrip(req *http.Request) (*http.Response, error) {
	text, err := io.ReadAll(io.LimitReader(req.Body, maxForm))
	_ = req.Body.Close()
	if err != nil {
		return nil, errors.New("the token request cannot be read")
	}
	form, err := url.ParseQuery(string(text))
	if err != nil {
		return nil, errors.New("the token request is no form")
	}
	object := map[string]string{}
	for name := range form {
		object[name] = form.Get(name)
	}
	body, err := json.Marshal(object)
	if err != nil {
		return nil, errors.New("the token request cannot be encoded")
	}
	out := req.Clone(req.Context())
	out.Header.Set("Content-Type", "application/json")
	out.Header.Set("Accept", "application/json")
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	return j.next.RoundTrip(out)
}
