package ledger

import (
	"encoding/json"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/connectors"
)

func (k *Link) encode() ([]byte, error) {
	var e enc
	var item []byte
	if k.Item != nil {
		var err error
		if item, err = json.Marshal(k.Item); err != nil {
			return nil, fmt.Errorf("encode item %s: %w", k.Key, err)
		}
		k.Hash = xxhash.Sum64(item)
	}
	e.byte(k.flags())
	e.text(string(k.Link))
	e.fixed(k.Hash)
	e.blob(item)
	e.time(k.Made)
	if len(k.Carries) > 0 {
		e.texts(k.Carries)
	}
	if k.strays() {
		e.texts(k.Projects)
	}
	if k.tells() {
		e.told(k)
	}
	return e, nil
}

func (e *enc) texts(list []string) {
	e.uint(uint64(len(list)))
	for _, s := range list {
		e.text(s)
	}
}

func (d *dec) texts() []string {
	var list []string
	for n := d.uint(); n > 0 && d.err == nil; n-- {
		list = append(list, d.text())
	}
	return list
}

// Flags of a link row's first byte. Rows without linkMade are older and end after the item.
const (
	linkClosed = 1 << iota
	linkMade
	linkMerged
	linkCarries
	linkStrays
	linkAgain
	linkTold
	linkUnsay
)

func (k *Link) flags() byte {
	f := byte(linkMade)
	set := func(on bool, bit byte) {
		if on {
			f |= bit
		}
	}
	set(k.Closed, linkClosed)
	set(k.Merged, linkMerged)
	set(len(k.Carries) > 0, linkCarries)
	set(k.strays(), linkStrays)
	set(k.Again, linkAgain)
	set(k.tells(), linkTold)
	set(k.Unsay, linkUnsay)
	return f
}

// strays reports whether the projects are worth keeping: the item would tell where the object is.
func (k *Link) strays() bool { return k.Item == nil && len(k.Projects) > 0 }

// decodeLinkRow reads a row but leaves the item in its own form, which is all that bookkeeping needs.
func decodeLinkRow(key string, row []byte) (Link, []byte, error) {
	d := dec{b: row}
	f := d.byte()
	k := Link{Key: key, Closed: f&linkClosed != 0, Merged: f&linkMerged != 0, Again: f&linkAgain != 0, Unsay: f&linkUnsay != 0, Link: connectors.Link(d.text()), Hash: d.fixed()}
	item := d.blob()
	if f&linkMade != 0 {
		k.Made = d.time()
	}
	if f&linkCarries != 0 {
		k.Carries = d.texts()
	}
	if f&linkStrays != 0 {
		k.Projects = d.texts()
	}
	if f&linkTold != 0 {
		d.told(&k)
	}
	if err := d.end(); err != nil {
		return Link{}, nil, damaged(bLink, key, err)
	}
	return k, item, nil
}

func decodeLink(key string, row []byte) (Link, error) {
	k, item, err := decodeLinkRow(key, row)
	if err == nil && len(item) > 0 {
		k.Item = new(connectors.Item)
		if err := json.Unmarshal(item, k.Item); err != nil {
			return Link{}, damaged(bLink, key, err)
		}
	}
	return k, err
}
