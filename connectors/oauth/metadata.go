package oauth

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"golang.org/x/oauth2"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/rest"
)

const (
	opMetadata = "ask whose account the token is for"
	// maxMetadata bounds the answer, which is a few lines.
	maxMetadata = 64 << 10
)

// granted is fromProtocol together with what the vendor says of the token elsewhere.
func (s *Source) granted(ctx context.Context, got *oauth2.Token, issued time.Time) (Token, error) {
	t := s.fromProtocol(got, issued)
	if s.config.OAuth.Metadata == "" {
		return t, nil
	}
	address, err := s.metadata(ctx, t.Access)
	if err != nil {
		return Token{}, err
	}
	t.Extra[InstanceURL] = address
	return t, nil
}

// metadata asks for the address of the account that a token is for. The token goes to the address of the settings and
// nowhere else: redirects are not followed.
// https://mailchimp.com/developer/marketing/guides/access-user-data-oauth-2/
func (s *Source) metadata(ctx context.Context, access connectors.Secret) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.config.OAuth.Metadata, nil)
	if err != nil {
		return "", &connectors.Error{Kind: connectors.Denied, Op: opMetadata, Reason: "the address to ask is none"}
	}
	req.Header.Set("Authorization", "OAuth "+access.Reveal())
	req.Header.Set("Accept", "application/json")
	answer, err := s.config.HTTP.Do(req)
	if err != nil {
		return "", &connectors.Error{Kind: connectors.Temporary, Op: opMetadata, Err: rest.Cause(err)}
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(io.LimitReader(answer.Body, maxMetadata))
	if answer.StatusCode/100 != 2 {
		return "", &connectors.Error{Kind: rest.KindOfStatus(answer.StatusCode), Op: opMetadata, Status: answer.StatusCode,
			After: rest.RetryAfter(answer.Header, s.config.Now())}
	}
	var says struct {
		Address string `json:"api_endpoint"`
	}
	if err != nil || json.Unmarshal(body, &says) != nil || says.Address == "" {
		return "", &connectors.Error{Kind: connectors.Temporary, Op: opMetadata, Err: errors.New("the answer names no address")}
	}
	return says.Address, nil
}
