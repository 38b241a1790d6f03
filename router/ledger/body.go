package ledger

import (
	"fmt"
	"time"

	"github.com/klauspost/compress/s2"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/router/ledger/kv"
)

// bodyForm names the way bodies are made. It is part of the mapping version, so that changing it makes Remap write
// every body anew, and keep what it says of consent.
const bodyForm = "3 "

// body is the large row of a record: what identity and dependency tracking need, the profile, and what the vendor
// sent. Keys and targets are stored with the profile they came from, so that a later version of the rules removes
// exactly the rows that an earlier one wrote.
type body struct {
	keys    []identity.Key
	targets []recKey // records that the profile refers to, each once
	// mail is what leads from e-mail addresses to people: of an interaction the addresses and domains of whom it was with, of
	// a customer the addresses that are none of its keys. See trail.go.
	mail    []string
	when    time.Time // of an interaction: when it happened, zero when that is not known
	laid    bool      // the trails of mail, targets and when are laid; those of bodies of earlier versions are not
	profile []byte    // canonical binary form; empty when the record is filtered
	packed  []byte    // the vendor's JSON, s2

	fresh *canonical.Profile // what profile encodes, when it has just been made; it is only read
}

// The forms of a body row. The first has neither mail nor when, and no trails are laid of it.
const (
	bodyPlain = 1
	bodyMail  = 2
)

func (b *body) encode(e enc) []byte {
	form := byte(bodyPlain)
	if b.laid {
		form = bodyMail
	}
	e.byte(form)
	e.uint(uint64(len(b.keys)))
	for i := range b.keys {
		e.key(&b.keys[i])
	}
	e.uint(uint64(len(b.targets)))
	for _, t := range b.targets {
		e.text(string(t))
	}
	if form == bodyMail {
		e.time(b.when)
		e.uint(uint64(len(b.mail)))
		for _, a := range b.mail {
			e.text(a)
		}
	}
	e.blob(b.profile)
	e.raw(b.packed)
	return e
}

// decodeBody reads a row. profile and packed share its memory.
func decodeBody(row []byte) (*body, error) {
	d := dec{b: row}
	form := d.byte()
	if form != bodyPlain && form != bodyMail {
		d.fail()
	}
	b := &body{}
	if n := d.count(); n > 0 {
		b.keys = make([]identity.Key, n)
		for i := range b.keys {
			b.keys[i] = d.key()
		}
	}
	if n := d.count(); n > 0 {
		b.targets = make([]recKey, n)
		for i := range b.targets {
			b.targets[i] = recKey(d.text())
		}
	}
	if b.laid = form == bodyMail; b.laid {
		b.when = d.time()
		if n := d.count(); n > 0 {
			b.mail = make([]string, n)
			for i := range b.mail {
				b.mail[i] = d.text()
			}
		}
	}
	b.profile = d.blob()
	b.packed = d.b
	return b, d.err
}

func readBody(r kv.Reader, l *Ledger, key recKey) (*body, error) {
	row := r.Get(bBody, l.at(string(key)))
	if row == nil {
		return nil, r.Err()
	}
	b, err := decodeBody(row)
	if err != nil {
		return nil, damaged(bBody, key.String(), err)
	}
	return b, nil
}

// raw returns the vendor's JSON.
func (b *body) raw(key recKey) ([]byte, error) {
	n, err := s2.DecodedLen(b.packed)
	if err == nil && n > maxData {
		err = errShort
	}
	if err != nil {
		return nil, damaged(bBody, key.String(), err)
	}
	data, err := s2.Decode(nil, b.packed)
	if err != nil {
		return nil, damaged(bBody, key.String(), err)
	}
	return data, nil
}

// decodeProfile returns a profile that shares no memory with the row.
func (b *body) decodeProfile(key recKey) (canonical.Profile, error) {
	if b.fresh != nil {
		return *b.fresh, nil
	}
	p, err := canonical.DecodeProfile(append([]byte(nil), b.profile...))
	if err != nil {
		return p, damaged(bBody, key.String(), fmt.Errorf("profile: %w", err))
	}
	return p, nil
}
