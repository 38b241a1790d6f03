package relay

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
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

// Hub is the handler of the hub's side.
type Hub struct {
	key    connectors.Secret
	door   string
	keeper Keeper
	stored func()
	log    *slog.Logger
	now    func() time.Time
	busy   chan struct{}

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

// mostBatches is how many requests are handled at once: each may be large.
const mostBatches = 2

// NewHub returns a hub that calls stored after it stored something. A key that is too short is refused.
func NewHub(key connectors.Secret, keeper Keeper, stored func(), log *slog.Logger, now func() time.Time) (*Hub, error) {
	if len(key.Reveal()) < leastKey {
		return nil, errKey
	}
	return &Hub{key: key, door: door(key), keeper: keeper, stored: stored, log: log, now: now, busy: make(chan struct{}, mostBatches)}, nil
}

// ServeHTTP implements http.Handler.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost || !same(h.door, r.Header.Get(doorHeader)) {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	select {
	case h.busy <- struct{}{}:
		defer func() { <-h.busy }()
	default:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	status, receipt, err := h.take(r)
	if err != nil {
		h.log.Warn("forwarded deliveries refused", "status", status, "error", err)
		w.WriteHeader(status)
		return
	}
	body, _ := json.Marshal(receipt) // two numbers
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set(signatureHeader, sign(h.key, "receipt", r.Header.Get(signatureHeader), body))
	_, _ = w.Write(body)
}

// take stores one batch. Nothing of it is read before it is known to be the receiver's.
func (h *Hub) take(r *http.Request) (status int, receipt Receipt, err error) {
	if len(r.Header.Values(signatureHeader)) != 1 {
		return http.StatusUnauthorized, receipt, errors.New("the batch is not signed")
	}
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, MostBytes))
	if err != nil {
		return http.StatusBadRequest, receipt, err
	}
	if !same(sign(h.key, "batch", "", body), r.Header.Get(signatureHeader)) {
		return http.StatusUnauthorized, receipt, errors.New("the signature does not match; the key must be the same at hub and receiver")
	}
	var batch Batch
	if err := decode(body, &batch); err != nil {
		return http.StatusBadRequest, receipt, fmt.Errorf("batch %w", err)
	}
	if age := h.now().Sub(batch.Sent); age > mostAge || age < -mostAge {
		return http.StatusUnauthorized, receipt, fmt.Errorf("the batch was sent %v ago by the receiver's clock", age.Round(time.Hour))
	}
	list := make([]ledger.Forwarded, len(batch.List))
	for i, d := range batch.List {
		list[i] = ledger.Forwarded{Number: d.Number, Arrival: ledger.Arrival{Connection: d.Connection, Request: d.Request}}
		receipt.UpTo = d.Number
	}
	if receipt.Stored, err = h.keeper.PutForwarded(r.Context(), batch.Spool, list); err != nil {
		return http.StatusServiceUnavailable, receipt, err
	}
	if receipt.Stored > 0 {
		h.count.Add(int64(receipt.Stored))
		h.last.Store(h.now().UnixNano())
	}
	if receipt.Stored > 0 && h.stored != nil {
		h.stored()
	}
	return http.StatusOK, receipt, nil
}
