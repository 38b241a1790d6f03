package cli

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/zendesk/zendesktest"
	"github.com/millrace/millrace/router/register"
)

// outages are the hours in which nothing arrives, and the vendor hears nothing or is told that everything did.
func (d *day) outages(ctx context.Context, p *party) error {
	for wait(ctx, p.dice.span(time.Hour, 7*time.Hour)) {
		sky := []weather{night, storm}[p.dice.n(2)]
		d.say("%s: nothing arrives (%d)", p.name, sky)
		p.wire.set(sky)
		wait(ctx, p.dice.span(5*time.Minute, 2*time.Hour))
		p.wire.set(foul)
		d.say("%s: deliveries arrive again", p.name)
	}
	return nil
}

// shut closes the front door for a while: no vendor reaches the receiver, and the daemon goes on.
func (d *day) shut(ctx context.Context) error {
	dice := newDice(d.seed, 5)
	for wait(ctx, dice.span(time.Hour, 10*time.Hour)) {
		d.say("the door is shut")
		d.door.close(true)
		wait(ctx, dice.span(time.Minute, 3*time.Hour))
		d.door.close(false)
		d.say("the door is open")
	}
	return nil
}

// restart has the daemon down for minutes or an hour.
func (d *day) restart(ctx context.Context) error {
	dice := newDice(d.seed, 6)
	for wait(ctx, dice.span(2*time.Hour, 12*time.Hour)) {
		d.again(ctx, dice.span(0, time.Hour))
	}
	return nil
}

// again stops the daemon and starts it.
func (d *day) again(ctx context.Context, after time.Duration) {
	d.turn.Lock()
	defer d.turn.Unlock()
	d.say("the daemon is stopped for %v", after)
	d.site.end()
	wait(ctx, after)
	d.site.start()
	d.say("the daemon is started")
}

// rotate gives HubSpot's app another client secret. Nobody tells the daemon before the operator does.
func (d *day) rotate(ctx context.Context) error {
	dice, p := newDice(d.seed, 7), d.party("hubspot")
	if !wait(ctx, dice.span(8*time.Hour, 14*time.Hour)) {
		return nil
	}
	p.wire.upset(1)
	d.mu.Lock()
	d.key = "hubspot-client-secret-of-the-evening"
	d.mu.Unlock()
	d.say("hubspot: another client secret")
	wait(ctx, dice.span(10*time.Minute, 2*time.Hour))
	d.say("the operator writes it into the configuration")
	d.site.mu.Lock()
	d.site.key = d.hubspotKey()
	d.site.mu.Unlock()
	d.again(ctx, time.Minute)
	p.wire.upset(-1)
	return nil
}

// fill has the disk full for a while: vendors are told to come again.
func (d *day) fill(ctx context.Context) error {
	dice := newDice(d.seed, 8)
	for wait(ctx, dice.span(2*time.Hour, 12*time.Hour)) {
		d.say("the disk is full")
		d.door.disk.fill(true)
		wait(ctx, dice.span(time.Minute, 20*time.Minute))
		d.door.disk.fill(false)
		d.say("the disk has room")
	}
	return nil
}

// meddle has somebody change a subscription of ours, again and again, each time after what was done before was found and
// mended: it is as it was, each stream was read again from before, and the gap is closed.
func (d *day) meddle(ctx context.Context, p *party) error {
	for wait(ctx, p.dice.span(time.Hour, 6*time.Hour)) {
		how := slices.Sorted(maps.Keys(p.meddle))[p.dice.n(len(p.meddle))]
		p.wire.upset(1)
		begin := time.Now()
		if err := p.meddle[how](); err != nil {
			d.t.Errorf("%s is %s: %v", p.name, how, err)
		}
		d.say("%s: the webhook is %s", p.name, how)
		d.meddled(p, how, begin)
		over := !wait(ctx, watched)
		for !over && d.door.reached() < watched {
			over = !wait(ctx, time.Minute)
		}
		if !over {
			d.mended(ctx, p, how, begin)
		}
		p.wire.upset(-1)
	}
	return nil
}

// meddled notes what was done to a subscription.
func (d *day) meddled(p *party, how string, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.harm = append(d.harm, harm{p, how, at})
}

// harm is something that was done to a subscription. What is told of it in the meantime is another matter: while the deliveries
// of a webhook fail anyway, the gap that was told goes on until all is well.
type harm struct {
	to  *party
	how string
	at  time.Time
}

// mended says what is still wrong.
func (d *day) mended(ctx context.Context, p *party, how string, since time.Time) {
	d.site.with(func(h *hub) {
		one, _ := h.hookAccount(p.name)
		found, err := h.office.Look(ctx, one.Account)
		if drift := register.Drift(found.Steps); err != nil && ctx.Err() == nil || len(drift) > 0 {
			d.t.Errorf("%s was %s at %s and is not mended: %+v, %v\n%v", p.name, how, since.Format(time.TimeOnly), drift, err, d.site.logs.about(p.name, since))
		}
	})
}

// healed says which streams were not read again for what was not told because of what was done to a subscription.
func (d *day) healed() {
	for _, one := range d.harm {
		d.mended(context.Background(), one.to, one.how, one.at)
		for _, object := range one.to.objects {
			if !d.site.logs.healed(one.to.name, object, one.at) {
				d.t.Errorf("%s was %s at %s, and %s was not read again:\n%v", one.to.name, one.how, one.at.Format(time.TimeOnly), object, d.site.logs.about(one.to.name, one.at))
			}
		}
	}
}

// forge posts what no vendor sent, all day long. Each is refused, and none may change anything: among them are deletions of
// what is there.
func (d *day) forge(ctx context.Context) error {
	dice := newDice(d.seed, 9)
	for wait(ctx, dice.span(time.Second, 4*time.Minute)) {
		p := d.parties[dice.n(len(d.parties))]
		p.wire.mu.Lock()
		said := slices.Clone(p.wire.said)
		p.wire.mu.Unlock()
		if len(said) == 0 {
			continue
		}
		d.forgeLike(p, said[dice.n(len(said))], dice)
	}
	return nil
}

// forgeLike changes a delivery that somebody listened to.
func (d *day) forgeLike(p *party, like parcel, dice *dice) {
	how, header, body, at := "unsigned", http.Header{"Content-Type": like.header["Content-Type"]}, like.body, like.url
	secretPath := strings.HasSuffix(at, pathKey)
	switch n := dice.n(5); {
	case n == 0 && secretPath, n == 1 && secretPath:
		how, header, at = "of another secret in the path", like.header.Clone(), strings.TrimSuffix(at, pathKey)+"a-long-secret-that-somebody-guesses-1"
	case n == 2 && secretPath && p.wire.timed:
		how, header, body = "altered", like.header.Clone(), altered(body)
	case secretPath:
		how, at = "without the secret in the path", strings.TrimSuffix(at, "/"+pathKey)
		header = like.header.Clone()
	case n == 0:
		how, header, body = "altered", like.header.Clone(), altered(body)
	case n == 1:
		how, body = "signed by somebody else", d.deletion(p, dice)
		header = d.signed(p, at, body)
	case n == 2:
		how, header = "at another connection", like.header.Clone()
		at = publicAt + "/hooks/nobody"
	case n == 3 && p.name == "asana":
		how, header = "an offer of a secret", http.Header{"X-Hook-Secret": {"0123456789abcdef0123456789abcdef"}}
	}
	req, err := http.NewRequest(http.MethodPost, at, bytes.NewReader(body))
	if err != nil {
		d.t.Error(err)
		return
	}
	req.Header = header
	d.door.forge(req, how)
}

// altered is a body with another number in it, or with more at its end.
func altered(body []byte) []byte {
	if i := bytes.LastIndexAny(body, "12345678"); i >= 0 {
		body = bytes.Clone(body)
		body[i]++
		return body
	}
	return append(bytes.Clone(body), ' ')
}

// deletion is the body of a delivery that says of something that it was deleted.
func (d *day) deletion(p *party, dice *dice) []byte {
	refs := slices.Sorted(maps.Keys(p.live()))
	if len(refs) == 0 {
		return []byte(`{"events":[{"action":"deleted","resource":{"gid":"1","resource_type":"task"}}]}`)
	}
	object, id, _ := strings.Cut(refs[dice.n(len(refs))], "/")
	of := map[string]string{"companies": "company"}[object]
	if of == "" {
		of = strings.TrimSuffix(object, "s")
	}
	switch p.name {
	case "hubspot":
		return []byte(`[{"eventId":1,"portalId":44237313,"subscriptionType":"` + of + `.deletion","objectId":` + id + `,"occurredAt":` + digits(p.clock.Now().UnixMilli()) + `}]`)
	case "zendesk":
		return []byte(`{"type":"zen:event-type:` + of + `.deleted","subject":"zen:` + of + `:` + id + `","time":"` + p.clock.Now().Format(time.RFC3339) + `"}`)
	}
	return []byte("type=unsubscribe&data[id]=" + id)
}

// signed are the headers of a delivery, by somebody who knows all but the secret.
func (d *day) signed(p *party, at string, body []byte) http.Header {
	const guess = "a-secret-that-somebody-guesses"
	now := p.clock.Now()
	header := http.Header{"Content-Type": {"application/json"}}
	switch p.name {
	case "hubspot":
		stamp := digits(now.UnixMilli())
		header["X-Hubspot-Request-Timestamp"] = []string{stamp}
		header["X-Hubspot-Signature-V3"] = []string{hubspottest.SignV3(guess, http.MethodPost, at, body, stamp)}
	case "zendesk":
		stamp := now.Format(time.RFC3339)
		header["X-Zendesk-Webhook-Signature-Timestamp"] = []string{stamp}
		header["X-Zendesk-Webhook-Signature"] = []string{zendesktest.Sign(guess, stamp, body)}
	case "mailchimp":
		header["X-Mailchimp-Signature"] = []string{mailchimptest.Sign(guess, now.Unix(), body)}
	case "asana":
		mac := hmac.New(sha256.New, []byte(guess))
		mac.Write(body)
		header["X-Hook-Signature"] = []string{hex.EncodeToString(mac.Sum(nil))}
	}
	return header
}

// count says that the day was one: that there was enough of everything.
func (d *day) count() {
	d.door.mu.Lock()
	defer d.door.mu.Unlock()
	acts := 0
	for _, p := range d.parties {
		acts += len(p.book)
	}
	d.t.Logf("%d acts, %d deliveries taken and %d stored, %d repeated, %d out of date, %d forged", acts, d.door.took, d.site.stored, d.door.repeated, d.door.outdated, d.door.forged)
	if acts < 100 || d.door.took < 50 || d.door.repeated == 0 || d.door.outdated == 0 || d.door.forged < 50 {
		d.t.Error("that was no day")
	}
	if d.site.repeated < int64(d.door.repeated) {
		d.t.Errorf("the receiver knew %d deliveries again, want %d at least", d.site.repeated, d.door.repeated)
	}
}
