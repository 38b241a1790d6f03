package activecampaign

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
)

// keyHeader is where the key goes (https://developers.activecampaign.com/reference/authentication). It has no end and no
// scopes: it may do what its user may.
const keyHeader = "Api-Token"

// domains are those that accounts' addresses end in. ActiveCampaign asks everybody to take the address from its page and not
// to make it from the account's name (https://developers.activecampaign.com/reference/url).
var domains = []string{".api-us1.com", ".activehosted.com"}

func signIn(v connectors.Values) (connectors.SignIn, error) {
	if err := checkAddress(v.String("account_url")); err != nil {
		return connectors.SignIn{}, err
	}
	if v.String("base_url") == "" {
		return connectors.SignIn{}, errors.New("set account_url, the address that ActiveCampaign shows under Settings, Developer")
	}
	key := v.Secret("api_token")
	if key.IsZero() {
		return connectors.SignIn{}, errors.New("set api_token, the key that ActiveCampaign shows under Settings, Developer")
	}
	return connectors.SignIn{Header: &connectors.Header{Name: keyHeader, Value: key}}, nil
}

// checkAddress refuses an address to which the key must not go; "" passes, for base_url may be set instead.
func checkAddress(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil {
		return errors.New("account_url is no address")
	}
	host := u.Hostname()
	own := slices.ContainsFunc(domains, func(d string) bool {
		return strings.HasSuffix(host, d) && !strings.ContainsAny(strings.TrimSuffix(host, d), "./@:") && host != d
	})
	switch {
	case u.Scheme != "https":
		return errors.New("account_url must begin with https://")
	case !own:
		return errors.New("account_url is no account of ActiveCampaign's: it ends in .api-us1.com or .activehosted.com; for a simulator or a proxy set base_url")
	case u.User != nil || u.Port() != "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return errors.New("account_url has more than a host; take it as ActiveCampaign shows it, https://acme.api-us1.com")
	}
	return nil
}

// leastRelist keeps a typing mistake from listing everything all the time.
const leastRelist = 10 * time.Minute

// checkSettings finds what the kinds of the settings do not. A simulator, which has no account_url, takes any pace.
func checkSettings(v connectors.Values) error {
	if n := v.Number("requests_per_second"); n <= 0 || n > allowed && v.String("account_url") != "" {
		return fmt.Errorf("requests_per_second must be above 0 and at most %v, what ActiveCampaign allows an account", allowed)
	}
	if d := v.Duration("relist_every"); d < leastRelist {
		return fmt.Errorf("relist_every must be at least %v", leastRelist)
	}
	return nil
}
