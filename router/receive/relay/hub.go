package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// Keeper is where the hub keeps what is forwarded.
type Keeper interface {
	// PutForwarded stores what is new of a spool's deliveries, all of it or nothing, and returns how many were.
	PutForwarded(ctx context.Context, spool string, list []ledger.Forwarded) (stored int, err error)
}

// Hub is the hub's side: the handler of what receivers send, and what they are told.
type Hub struct {
	key    connectors.Secret
	door   string
	seals  seals
	keeper Keeper
	stored func()
	log    *slog.Logger
	now    func() time.Time
	busy   chan struct{}
	asking chan struct{}

	told   *told
	heard  *heard
	fresh  challenge
	began  time.Time
	ending sync.Once
	ended  chan struct{}

	count atomic.Int64 // deliveries stored
	last  atomic.Int64 // when, in Unix nanoseconds
}

// Taken returns how many deliveries were forwarded and new since the hub was made, and when the last ones were.
func (h *Hub) Taken() (count int64, last time.Time) {
	if ns := h.last.Load(); ns != 0 {
		last = time.Unix(0, ns).UTC()
	}
	return h.count.Load(), last
}

const (
	// mostBatches is how many requests are handled at once: each may be large.
	mostBatches = 2
	// mostAsking is how many of those that are small are: each receiver has one that waits.
	mostAsking = 64
	// holdTime is how long an answer waits for something new; proxies and our own server give up after 30 s or more.
	holdTime = 20 * time.Second
)

// NewHub returns a hub that calls stored after it stored something. A key that is too short is refused.
func NewHub(key connectors.Secret, keeper Keeper, stored func(), log *slog.Logger, now func() time.Time) (*Hub, error) {
	if len(key.Reveal()) < leastKey {
		return nil, errKey
	}
	seals, err := newSeals(key)
	if err != nil {
		return nil, err
	}
	return &Hub{key: key, door: door(key), seals: seals, keeper: keeper, stored: stored, log: log, now: now,
		busy: make(chan struct{}, mostBatches), asking: make(chan struct{}, mostAsking),
		told: newTold(key), heard: newHeard(), began: now(), ended: make(chan struct{})}, nil
}

// Close has answers wait for nothing any more, so that a server can end.
func (h *Hub) Close() { h.ending.Do(func() { close(h.ended) }) }

// ServeHTTP implements http.Handler.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !same(h.door, r.Header.Get(doorHeader)) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	slots := h.busy
	small := r.ContentLength >= 0 && r.ContentLength <= mostAsk
	if small {
		slots = h.asking
	}
	select {
	case slots <- struct{}{}:
		defer func() { <-slots }()
	default:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	status, receipt, err := h.take(w, r, small)
	if err != nil {
		h.log.Warn("forwarded deliveries refused", "status", status, "error", err)
		w.WriteHeader(status)
		return
	}
	body, _ := json.Marshal(receipt) // numbers and texts
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(signatureHeader, sign(h.key, "receipt", r.Header.Get(signatureHeader), body))
	_, _ = w.Write(body)
}

// take stores one batch and answers what is asked with it. Nothing of it is read before it is known to be the receiver's.
func (h *Hub) take(w http.ResponseWriter, r *http.Request, small bool) (status int, receipt Receipt, err error) {
	if len(r.Header.Values(signatureHeader)) != 1 {
		return http.StatusUnauthorized, receipt, errors.New("the batch is not signed")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, MostBytes))
	if err != nil {
		return http.StatusBadRequest, receipt, err
	}
	signature := r.Header.Get(signatureHeader)
	if !same(sign(h.key, "batch", "", body), signature) {
		return http.StatusUnauthorized, receipt, errors.New("the signature does not match; the key must be the same at hub and receiver")
	}
	var batch Batch
	if err := decode(body, &batch); err != nil {
		return http.StatusBadRequest, receipt, fmt.Errorf("batch %w", err)
	}
	if age := h.now().Sub(batch.Sent); age > mostAge || age < -mostAge {
		return http.StatusUnauthorized, receipt, fmt.Errorf("the batch was sent %v ago by the receiver's clock", age.Round(time.Hour))
	}
	if receipt, err = h.store(r.Context(), batch); err != nil {
		return http.StatusServiceUnavailable, receipt, err
	}
	if batch.Ask != nil {
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // so that a receiver that is gone is noticed
		receipt.Tell = h.answer(r.Context(), batch.Spool, *batch.Ask, signature, small)
	}
	return http.StatusOK, receipt, nil
}

// store stores the deliveries of a batch.
func (h *Hub) store(ctx context.Context, batch Batch) (receipt Receipt, err error) {
	list := make([]ledger.Forwarded, len(batch.List))
	for i, d := range batch.List {
		list[i] = ledger.Forwarded{Number: d.Number, Arrival: ledger.Arrival{Connection: d.Connection, Request: d.Request}}
		receipt.UpTo = d.Number
	}
	if receipt.Stored, err = h.keeper.PutForwarded(ctx, batch.Spool, list); err != nil || receipt.Stored == 0 {
		return receipt, err
	}
	h.count.Add(int64(receipt.Stored))
	h.last.Store(h.now().UnixNano())
	h.heard.batch(batch.Spool, h.now()) // it was no recorded one: those have been stored before
	if h.stored != nil {
		h.stored()
	}
	return receipt, nil
}
