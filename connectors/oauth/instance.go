package oauth

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/millrace/millrace/connectors"
)

// accept decides whether the token may be handed out: where it belongs to an instance, only when that address is the
// vendor's. An answer that somebody bent must not lead our requests, and with them the token, elsewhere.
func (s *Source) accept(t Token) error {
	if s.config.OAuth.Instance == nil {
		return nil
	}
	if err := s.checkInstance(t.Extra[InstanceURL]); err != nil {
		return &connectors.Error{Kind: connectors.Denied, Op: opSignIn,
			Reason: "the instance_url that came with the token is refused: " + err.Error()}
	}
	return nil
}

// checkInstance allows no more than the token endpoint's own address shows: TLS unless that has none (a simulator), a
// port of its own only where that has one, and nothing but a host.
func (s *Source) checkInstance(text string) error {
	if text == "" {
		return errors.New("there is none")
	}
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("it is no address")
	}
	token, err := url.Parse(s.config.OAuth.TokenURL)
	if err != nil {
		return errors.New("the token endpoint's address cannot be read")
	}
	switch {
	case u.Scheme != "https" && u.Scheme != token.Scheme || u.Hostname() == "":
		return fmt.Errorf("it is no %s address", token.Scheme)
	case u.User != nil:
		return errors.New("it has user information")
	case u.Port() != "" && u.Port() != "443" && token.Port() == "":
		return errors.New("it has a port")
	case u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "":
		return errors.New("it has more than a host")
	}
	return s.config.OAuth.Instance(u)
}
