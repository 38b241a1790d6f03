package register_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// errDead is what everything says in a process that has ended: it has no effect any more, and nobody hears of it.
var errDead = errors.New("the process has ended")

// life is a process that ends at one of the points at which it could: before or after a call of the vendor, before or after a
// write to the ledger.
type life struct {
	left int // points until then; negative = it does not end
	dead bool
}

func (l *life) point() bool {
	if l.left == 0 {
		l.dead = true
	}
	l.left--
	return l.dead
}

// mortal is the ledger as a process sees it.
type mortal struct {
	*memory
	*life
}

func (m mortal) PutHooks(ctx context.Context, connection string, text []byte) error {
	if m.point() {
		return errDead
	}
	_ = m.memory.PutHooks(ctx, connection, text)
	if m.point() {
		return errDead
	}
	return nil
}

// vendor is the vendor's side: it lives on, whoever ends.
type vendor struct {
	offers, shows, reads bool
	subs                 []modelSub
	late                 []modelSub // those that it makes later than whoever asked for them lives
	serial               int
	of                   []string // what is read
	receiver             http.Handler
}

type modelSub struct {
	connectors.Subscription
	secret string
}

// pathProof is the end of the addresses where nothing is signed, or need not be.
const pathProof = "0123456789abcdef-in-the-path"

func (v *vendor) inPath() bool { return !v.offers && !v.reads }

// post makes a request to an address, and returns the answer, 502 where nobody is.
func (v *vendor) post(url, header, value, body string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	rest, ours := strings.CutPrefix(url, modelPublic)
	if v.receiver == nil || !ours {
		answer.Code = http.StatusBadGateway
		return answer
	}
	req := httptest.NewRequest(http.MethodPost, rest, strings.NewReader(body))
	req.Header.Set(header, value)
	v.receiver.ServeHTTP(answer, req)
	return answer
}

// deliver has one subscription tell something, and returns the status.
func (v *vendor) deliver(s modelSub) int {
	v.serial++
	body := fmt.Sprintf("event %d", v.serial)
	return v.post(s.URL, "X-Signature", hexMAC(s.secret, body), body).Code
}

// finish makes what is late.
func (v *vendor) finish() {
	v.subs, v.late = append(v.subs, v.late...), nil
}

// model is a connector of that vendor in one process.
type model struct {
	v *vendor
	*life
	trusted []connectors.Secret
}

func (m *model) Wanted(_ context.Context, place connectors.Place) (list []connectors.Subscription, err error) {
	for _, of := range m.v.of {
		want := connectors.Subscription{Of: of, Name: "hub", URL: place.Below(of), Events: []string{"changed", "made"}, State: connectors.SubscriptionOn}
		if m.v.inPath() {
			want.URL = place.Below(of, pathProof)
		}
		list = append(list, want)
	}
	return list, nil
}

// Registered returns pages of two.
func (m *model) Registered(_ context.Context, _ connectors.Place, after connectors.Cursor) (list []connectors.Subscription, next connectors.Cursor, err error) {
	if m.point() {
		return nil, "", errDead
	}
	at := len(after)
	for _, s := range m.v.subs[min(at, len(m.v.subs)):] {
		if len(list) == 2 {
			return list, after + "xx", nil
		}
		s.Events = slices.Clone(s.Events)
		list = append(list, s.Subscription)
	}
	return list, "", nil
}

func (m *model) Register(_ context.Context, _ connectors.Place, want connectors.Subscription) (connectors.Subscription, connectors.Secret, error) {
	if m.point() {
		return connectors.Subscription{}, connectors.Secret{}, errDead
	}
	v := m.v
	v.serial++
	made := modelSub{Subscription: want}
	made.ID = fmt.Sprintf("sub%06d", v.serial)
	if v.offers || v.shows || v.reads {
		made.secret = "secret of " + made.ID
	}
	if v.offers {
		if answer := v.post(want.URL, "X-Offer", made.secret, ""); answer.Code != http.StatusOK || answer.Header().Get("X-Offer") != made.secret {
			return connectors.Subscription{}, connectors.Secret{}, errors.New("nobody took the secret")
		}
	}
	if m.left == 0 && v.serial%2 == 0 { // accepted, and made when nobody waits for it any more
		v.late = append(v.late, made)
	} else {
		v.subs = append(v.subs, made)
	}
	if m.point() {
		return connectors.Subscription{}, connectors.Secret{}, errDead
	}
	if v.shows {
		return made.Subscription, connectors.NewSecret(made.secret), nil
	}
	return made.Subscription, connectors.Secret{}, nil
}

func (m *model) Unregister(_ context.Context, _ connectors.Place, have connectors.Subscription) error {
	if m.point() {
		return errDead
	}
	m.v.drop(have.ID)
	if m.point() {
		return errDead
	}
	return nil
}

func (v *vendor) drop(id string) {
	v.subs = slices.DeleteFunc(v.subs, func(s modelSub) bool { return s.ID == id })
}

// Verify goes by the signature, by the path, or by both where both are known.
func (m *model) Verify(d connectors.Delivery) error {
	if m.v.inPath() && !d.ShowsSecret(connectors.NewSecret(pathProof)) {
		return errors.New("the path does not show the secret")
	}
	if m.v.inPath() && len(m.trusted) == 0 {
		return nil
	}
	for _, secret := range m.trusted {
		if d.Header.Get("X-Signature") == hexMAC(secret.Reveal(), string(d.Body)) {
			return nil
		}
	}
	return errors.New("the signature does not match")
}

func (m *model) Parse(connectors.Delivery) ([]connectors.Hint, error) { return nil, nil }

// What some vendors can do and others cannot.
type (
	changes  struct{ m *model }
	trusting struct{ m *model }
	offering struct{ m *model }
	reading  struct{ m *model }
)

func (c changes) Change(_ context.Context, _ connectors.Place, have, want connectors.Subscription) error {
	if c.m.point() {
		return errDead
	}
	i := slices.IndexFunc(c.m.v.subs, func(s modelSub) bool { return s.ID == have.ID })
	if i < 0 {
		return &connectors.Error{Kind: connectors.NotFound}
	}
	want.ID = have.ID
	c.m.v.subs[i].Subscription = want
	if c.m.point() {
		return errDead
	}
	return nil
}

func (c trusting) Trusting(secrets ...connectors.Secret) connectors.Webhook {
	return &model{v: c.m.v, life: c.m.life, trusted: secrets}
}

func (c offering) Offer(d connectors.Delivery) (connectors.Secret, connectors.Answer, bool) {
	secret := d.Header.Get("X-Offer")
	return connectors.NewSecret(secret), connectors.Answer{Status: http.StatusOK, Header: map[string]string{"X-Offer": secret}}, secret != ""
}

func (c reading) SigningSecret(_ context.Context, have connectors.Subscription) (connectors.Secret, error) {
	if c.m.point() {
		return connectors.Secret{}, errDead
	}
	for _, s := range c.m.v.subs {
		if s.ID == have.ID {
			return connectors.NewSecret(s.secret), nil
		}
	}
	return connectors.Secret{}, &connectors.Error{Kind: connectors.NotFound}
}

// connector returns one with what the vendor can do.
func (v *vendor) connector(l *life, changing bool) connectors.Registrar {
	m := &model{v: v, life: l}
	c, t := changes{m}, trusting{m}
	switch {
	case v.offers && changing:
		return struct {
			*model
			trusting
			offering
			changes
		}{m, t, offering{m}, c}
	case v.offers:
		return struct {
			*model
			trusting
			offering
		}{m, t, offering{m}}
	case v.reads && changing:
		return struct {
			*model
			trusting
			reading
			changes
		}{m, t, reading{m}, c}
	case v.reads:
		return struct {
			*model
			trusting
			reading
		}{m, t, reading{m}}
	case v.shows && changing:
		return struct {
			*model
			trusting
			changes
		}{m, t, c}
	case v.shows:
		return struct {
			*model
			trusting
		}{m, t}
	case changing:
		return struct {
			*model
			changes
		}{m, c}
	}
	return m
}

// modelPublic is where the receivers of the model are.
const modelPublic = "https://hub.example"
