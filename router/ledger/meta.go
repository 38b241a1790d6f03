package ledger

import (
	"bytes"
	"encoding/binary"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
)

// stamp orders the versions of one record totally and independently of their arrival (invariant 2): by the vendor's
// version, then by the vendor's clock when it answered, then by content. The zero stamp is before all others.
type stamp struct {
	version, seen time.Time
	hash          uint64
}

func (s stamp) isZero() bool { return s == stamp{} }

func (s stamp) compare(o stamp) int {
	if c := s.version.Compare(o.version); c != 0 {
		return c
	}
	if c := s.seen.Compare(o.seen); c != 0 {
		return c
	}
	switch {
	case s.hash < o.hash:
		return -1
	case s.hash > o.hash:
		return 1
	}
	return 0
}

func (s stamp) after(o stamp) bool { return s.compare(o) > 0 }

// stampOf hashes what the vendor said: the content and the kind of deletion.
func stampOf(rec *connectors.Record) stamp {
	var d xxhash.Digest
	d.Reset()
	_, _ = d.Write(rec.Data)
	if rec.Deleted.Kind != connectors.NotDeleted {
		_, _ = d.WriteString(nul + string(rec.Deleted.Kind) + nul + rec.Deleted.Into.String())
	}
	// A hash of 0 would make the stamp of a record without version and clock look like none.
	return stamp{version: plain(rec.Version), seen: plain(rec.Seen), hash: d.Sum64() | 1}
}

// meta is the small row of a record. It holds two registers: the newest state the vendor told (state, deletion) and
// the newest content that could be mapped. They differ when the newest version has no content (a deletion) or content
// that cannot be mapped (a dead letter); each is the greatest of all arrivals, so neither depends on their order.
type meta struct {
	state     stamp
	deleted   connectors.DeletionKind
	into      recKey // where a merged record went
	content   stamp
	forgotten stamp  // newest privacy deletion: content up to it is never taken again
	mapping   uint64 // hash of the mapping version that made the body
	kind      canonical.Kind
	filter    string // name of the rule that keeps the record out; kind is then empty
	dead      bool   // a dead letter holds a newer version
	id        latent
	entity    latent // the entity it belongs to, zero = none
	pass      uint32 // the sweep that last listed it
	missed    byte   // complete sweeps in a row that did not list it
	scrubbed  bool   // an erasure took another customer's traces out of the body: it is not what the vendor sent
}

// live reports whether the record makes claims.
func (m *meta) live() bool { return m.deleted == connectors.NotDeleted && m.kind != "" }

// member reports whether the record belongs to an entity at all; a deleted one stays a member without claims, so that
// an entity keeps its id and comes back as itself.
func (m *meta) member() bool { return m.kind != "" }

// The forms of a meta row.
const (
	metaForm     = 1
	metaScrubbed = 2 // the same, and scrubbed
)

var deletions = []connectors.DeletionKind{connectors.NotDeleted, connectors.Soft, connectors.Hard,
	connectors.Archived, connectors.Privacy, connectors.Merged}

// Flags of a meta row's second byte: fields that are there.
const (
	metaContent = 1 << iota // the content register differs from the state register
	metaInto
	metaForgotten
	metaFilter
	metaDead
	metaOther // the entity is not the record's own latent id
	metaMember
	metaPass
)

func (m *meta) flags() byte {
	var f byte
	set := func(on bool, bit byte) {
		if on {
			f |= bit
		}
	}
	set(m.content != m.state, metaContent)
	set(m.into != "", metaInto)
	set(!m.forgotten.isZero(), metaForgotten)
	set(m.filter != "", metaFilter)
	set(m.dead, metaDead)
	set(!m.entity.isZero(), metaMember)
	set(!m.entity.isZero() && m.entity != m.id, metaOther)
	set(m.pass != 0 || m.missed != 0, metaPass)
	return f
}

func (e *enc) stamp(s stamp) { e.time(s.version); e.time(s.seen); e.fixed(s.hash) }
func (d *dec) stamp() stamp  { return stamp{d.time(), d.time(), d.fixed()} }

func (m *meta) encode(e enc) []byte {
	f := m.flags()
	if m.scrubbed {
		e.byte(metaScrubbed)
	} else {
		e.byte(metaForm)
	}
	e.byte(f)
	e.byte(deletionByte(m.deleted)<<4 | kindByte(m.kind))
	e.stamp(m.state)
	e.fixed(m.mapping)
	e.raw(m.id[:])
	if f&metaContent != 0 {
		e.stamp(m.content)
	}
	if f&metaInto != 0 {
		e.text(string(m.into))
	}
	if f&metaForgotten != 0 {
		e.stamp(m.forgotten)
	}
	if f&metaFilter != 0 {
		e.text(m.filter)
	}
	if f&metaOther != 0 {
		e.raw(m.entity[:])
	}
	if f&metaPass != 0 {
		e = binary.BigEndian.AppendUint32(e, m.pass)
		e.byte(m.missed)
	}
	return e
}

func decodeMeta(row []byte) (*meta, error) {
	d := dec{b: row}
	form := d.byte()
	if form != metaForm && form != metaScrubbed {
		d.fail()
	}
	f, what := d.byte(), d.byte()
	m := &meta{scrubbed: form == metaScrubbed, deleted: deletionOf(&d, what>>4), kind: kindOf(&d, what&0xf), state: d.stamp(), mapping: d.fixed()}
	copy(m.id[:], d.take(16))
	m.content = m.state
	if f&metaContent != 0 {
		m.content = d.stamp()
	}
	if f&metaInto != 0 {
		m.into = recKey(d.text())
	}
	if f&metaForgotten != 0 {
		m.forgotten = d.stamp()
	}
	if f&metaFilter != 0 {
		m.filter = d.text()
	}
	m.dead = f&metaDead != 0
	if f&metaMember != 0 {
		m.entity = m.id
	}
	if f&metaOther != 0 {
		copy(m.entity[:], d.take(16))
	}
	if f&metaPass != 0 {
		if b := d.take(4); b != nil {
			m.pass = binary.BigEndian.Uint32(b)
		}
		m.missed = d.byte()
	}
	return m, d.end()
}

func deletionByte(k connectors.DeletionKind) byte {
	for i, x := range deletions {
		if x == k {
			return byte(i)
		}
	}
	return 2 // a kind of a later contract: gone without a trace is the safe reading
}

func deletionOf(d *dec, b byte) connectors.DeletionKind {
	if int(b) >= len(deletions) {
		d.fail()
		return connectors.NotDeleted
	}
	return deletions[b]
}

// kindNumbers are written to disk: append only.
var kindNumbers = []canonical.Kind{"", canonical.Person, canonical.Organization, canonical.Deal, canonical.Ticket,
	canonical.Owner, canonical.Pipeline, canonical.Interaction, canonical.Transaction, canonical.Campaign,
	canonical.Audience, canonical.Membership, canonical.Consent, canonical.Task, canonical.Goal, canonical.Spend}

func kindByte(k canonical.Kind) byte {
	for i, x := range kindNumbers {
		if x == k {
			return byte(i)
		}
	}
	return 0
}

func kindOf(d *dec, b byte) canonical.Kind {
	if int(b) >= len(kindNumbers) {
		d.fail()
		return ""
	}
	return kindNumbers[b]
}

func compareIDs(a, b latent) int { return bytes.Compare(a[:], b[:]) }

// plain drops the monotonic reading and the zone, so that equal instants are equal values.
func plain(t time.Time) time.Time { return t.Round(0).UTC() }
