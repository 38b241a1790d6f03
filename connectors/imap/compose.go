package imap

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/json"
	"net/mail"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/imap/wire"
)

const (
	headerBytes = 64 << 10
	reportBody  = 64 << 10
)

type composer struct{ body string }

type composed struct {
	id   string
	at   time.Time
	data json.RawMessage
}

func newComposer(v connectors.Values) composer { return composer{body: v.String("body")} }

func (c composer) want() wire.Want { return wire.Want{Header: headerBytes, Structure: true} }

func (c composer) needsBody(m wire.Mail) bool {
	h, err := mail.ReadMessage(strings.NewReader(string(m.Header)))
	return err != nil || h.Header.Get("Message-Id") == "" || strings.HasPrefix(h.Header.Get("Content-Type"), "multipart/report")
}

func (c composer) message(m wire.Mail) (composed, error) {
	h, err := mail.ReadMessage(strings.NewReader(string(m.Header)))
	if err != nil {
		h = &mail.Message{Header: mail.Header{}}
	}
	id := strings.Trim(h.Header.Get("Message-Id"), "<>")
	at, err := mail.ParseDate(h.Header.Get("Date"))
	if err != nil || at.Sub(m.Received).Abs() > 48*time.Hour {
		at = m.Received
	}
	key := id + "\x00" + h.Header.Get("Date") + "\x00" + h.Header.Get("From")
	if id == "" {
		key = string(m.Header) + string(m.Body)
	}
	sum := sha256.Sum256([]byte(key))
	data, err := json.Marshal(map[string]any{"message_id": id, "subject": h.Header.Get("Subject"), "occurred_at": at.UTC()})
	return composed{id: strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(sum[:16])), at: at.UTC(), data: data}, err
}
