package receive

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// outcome is what became of a request; a label of the metrics.
type outcome string

const (
	stored   outcome = "stored"
	repeated outcome = "repeated"  // is stored already
	refused  outcome = "refused"   // not authentic, or nobody is there
	stale    outcome = "stale"     // authentic, and refused for its time alone
	denied   outcome = "denied"    // from a source that may not deliver
	limited  outcome = "limited"   // more than the connection's rate
	full     outcome = "full"      // could not be stored
	tooLarge outcome = "too_large" // the body
	broken   outcome = "broken"    // the body ended early or came too slowly
	probed   outcome = "probed"    // the vendor asked whether somebody is there
	shaken   outcome = "handshake" // the vendor's secret was taken
)

var outcomes = []outcome{stored, repeated, refused, stale, denied, limited, full, tooLarge, broken, probed, shaken}

// result is an answer and why.
type result struct {
	connectors.Answer
	outcome outcome
	bytes   int
	err     error
	after   time.Duration // when to come again
}

// write answers. Headers of which there are none are not touched: net/http copies those that a handler asked for, and tells the
// length of a short body itself.
func (res result) write(w http.ResponseWriter) {
	if res.after > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int((res.after+time.Second-1)/time.Second)))
	}
	for name, value := range res.Header {
		w.Header().Set(name, value)
	}
	if res.ContentType != "" {
		w.Header().Set("Content-Type", res.ContentType)
	}
	w.WriteHeader(res.Status)
	if len(res.Body) > 0 {
		_, _ = w.Write(res.Body) // nobody is left to tell
	}
}

func status(code int, o outcome, err error) result {
	return result{Answer: connectors.Answer{Status: code}, outcome: o, err: err}
}

// handle decides about one request. What is refused is refused with nothing but a number: what is missing is for the log.
func (r *Receiver) handle(h *hook, req *http.Request, path string, at time.Time) result {
	if !r.allowed(req) {
		return status(http.StatusNotFound, denied, nil)
	}
	d := connectors.Delivery{Method: req.Method, URL: r.Address(h.Connection), Path: path, Header: req.Header, Received: at}
	if req.Method != http.MethodPost {
		return probe(h, d)
	}
	body, err := r.bodies.read(req, r.o.MaxBody)
	defer r.bodies.release(body)
	switch {
	case errors.Is(err, errTooLarge):
		return status(http.StatusRequestEntityTooLarge, tooLarge, err)
	case errors.Is(err, errNoRoom):
		return putOff(http.StatusServiceUnavailable, full, err)
	case err != nil:
		return status(http.StatusBadRequest, broken, err)
	}
	d.Body = body.bytes
	res := r.deliver(h, d)
	res.bytes = len(d.Body)
	return res
}

// probe answers a request that is no delivery: of a vendor that asks whether somebody is there.
func probe(h *hook, d connectors.Delivery) result {
	if p, ok := h.Webhook.(connectors.Prober); ok && p.Probe(d) == nil {
		return status(http.StatusOK, probed, nil)
	}
	return status(http.StatusNotFound, refused, errors.New("only POST delivers"))
}

// putOff tells the vendor to come again.
func putOff(code int, o outcome, err error) result {
	res := status(code, o, err)
	res.after = comeAgain
	return res
}

// comeAgain is when what could not be stored may be tried again.
const comeAgain = 5 * time.Second

// deliver verifies and stores.
func (r *Receiver) deliver(h *hook, d connectors.Delivery) result {
	if shaker, ok := h.Webhook.(connectors.Handshaker); ok {
		if secret, answer, offered := shaker.Offer(d); offered {
			return r.shake(h, shaker, d, secret, answer)
		}
	}
	w := h.webhook(d.Path)
	if err := w.Verify(d); err != nil {
		return r.refuse(h, d, err)
	}
	if wait := h.rate.take(r.now()); wait > 0 {
		res := status(http.StatusTooManyRequests, limited, nil)
		res.after = wait
		return res
	}
	o, err := r.keep(h, w, d)
	return stow(w, d, o, err)
}

// refuse answers what is not verified. A wrong clock of ours must not look like an attack, so what its time alone refuses is
// counted by itself; the answer does not tell it from what is forged.
func (r *Receiver) refuse(h *hook, d connectors.Delivery, err error) result {
	o := refused
	var late *connectors.Stale
	if errors.As(err, &late) {
		o = stale
		h.age.Store(int64(late.Age))
	}
	if !h.InPath {
		return status(http.StatusUnauthorized, o, err)
	}
	if h != r.nobody {
		_ = r.nobody.Webhook.Verify(d) // a wrong secret takes as long as a path that is not there
	}
	return status(http.StatusNotFound, o, err)
}

// keep stores a delivery unless it is stored already. One that is being stored is waited for: nobody is told that it is
// durable before it is (invariant 5).
func (r *Receiver) keep(h *hook, w connectors.Webhook, d connectors.Delivery) (outcome, error) {
	key := keyOf(w, d)
	flight, first := h.replays.begin(key, d.Received)
	if !first {
		if flight != nil {
			<-flight.done
			return repeated, flight.err
		}
		return repeated, nil
	}
	err := r.pump.put(ledger.Arrival{Connection: h.Connection, Request: trimmed(d)})
	h.replays.end(key, flight, err)
	return stored, err
}

// stow answers a delivery that was to be stored.
func stow(w connectors.Webhook, d connectors.Delivery, o outcome, err error) result {
	res := status(http.StatusOK, o, nil)
	if err != nil {
		res = putOff(http.StatusServiceUnavailable, full, err)
	}
	if a, ok := w.(connectors.Answerer); ok {
		res.Answer = a.Answer(d, err == nil)
	}
	return res
}

// trimmed is a delivery as it is stored: without the headers of proxies and what signs somebody in.
func trimmed(d connectors.Delivery) connectors.Delivery {
	kept := http.Header{}
	for name, values := range d.Header {
		if isKept(name) {
			kept[name] = values
		}
	}
	d.Header = kept
	return d
}

func isKept(name string) bool {
	if name == "Content-Type" || name == "Content-Encoding" {
		return true
	}
	if !strings.HasPrefix(name, "X-") || strings.HasPrefix(name, "X-Forwarded") || strings.HasSuffix(name, "-Ip") {
		return false
	}
	lower := strings.ToLower(name)
	return !strings.Contains(lower, "secret") && !strings.Contains(lower, "token") && !strings.Contains(lower, "key")
}
