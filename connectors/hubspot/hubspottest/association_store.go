package hubspottest

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
)

// link is one end of an association: the other object and the type ids in this direction, ascending.
type link struct {
	to    uint64
	types []int
}

// newLink is an association in the body of a create.
type newLink struct {
	To    struct{ ID text } `json:"to"`
	Types []struct {
		Category string `json:"associationCategory"`
		TypeID   int    `json:"associationTypeId"`
	} `json:"types"`
}

// findLink returns the place of to in sorted links, and whether it is there.
func findLink(links []link, to uint64) (int, bool) {
	return slices.BinarySearchFunc(links, to, func(l link, id uint64) int { return cmp.Compare(l.to, id) })
}

// connect associates two objects with a type in this direction and its inverse in the other. It leaves the objects'
// modification times alone, as HubSpot does, which is why no poll sees it. The caller holds mu.
func (s *Server) connect(lt *linkType, from, to uint64, now int64, by source) {
	if _, primary := primaries[lt.id]; primary && lt.from == "0-2" {
		// A company is primary for many; the other side has one primary company.
		lt, from, to = linkTypeOf(pair{lt.to, lt.from}, lt.inverse), to, from
	}
	before := len(s.typesOf(lt.pair, from, to))
	if plain, primary := primaries[lt.id]; primary {
		s.demote(lt, from)
		s.addType(linkTypeOf(lt.pair, plain), from, to)
	}
	s.addType(lt, from, to)
	if len(s.typesOf(lt.pair, from, to)) != before {
		s.emitLink(lt, from, to, false, now, by)
	}
}

// addType adds a type in both directions.
func (s *Server) addType(lt *linkType, from, to uint64) {
	s.addEnd(lt.pair, from, to, lt.id)
	s.addEnd(pair{lt.to, lt.from}, to, from, lt.inverse)
}

func (s *Server) addEnd(p pair, from, to uint64, id int) {
	ends := s.links[p]
	if ends == nil {
		ends = map[uint64][]link{}
		s.links[p] = ends
	}
	i, found := findLink(ends[from], to)
	if !found {
		ends[from] = slices.Insert(ends[from], i, link{to: to})
	}
	l := &ends[from][i]
	if at, has := slices.BinarySearch(l.types, id); !has {
		l.types = slices.Insert(slices.Clone(l.types), at, id)
	}
}

// demote takes the primary type from the object's other associations: it has one primary company at most.
func (s *Server) demote(lt *linkType, from uint64) {
	for _, l := range slices.Clone(s.links[lt.pair][from]) {
		s.dropType(lt, from, l.to)
	}
}

// dropType removes a type in both directions; an end without types disappears.
func (s *Server) dropType(lt *linkType, from, to uint64) {
	s.dropEnd(lt.pair, from, to, lt.id)
	s.dropEnd(pair{lt.to, lt.from}, to, from, lt.inverse)
}

func (s *Server) dropEnd(p pair, from, to uint64, id int) {
	ends := s.links[p][from]
	i, found := findLink(ends, to)
	if !found {
		return
	}
	ends[i].types = slices.DeleteFunc(slices.Clone(ends[i].types), func(t int) bool { return t == id })
	if len(ends[i].types) == 0 {
		s.links[p][from] = slices.Delete(ends, i, i+1)
	}
}

// disconnect removes every association between two objects; the caller holds mu.
func (s *Server) disconnect(p pair, from, to uint64, now int64, by source) {
	types := slices.Clone(s.typesOf(p, from, to))
	for _, id := range types {
		s.dropType(linkTypeOf(p, id), from, to)
	}
	if len(types) > 0 {
		s.emitLink(defaultLink(p), from, to, true, now, by)
	}
}

func (s *Server) typesOf(p pair, from, to uint64) []int {
	ends := s.links[p][from]
	if i, found := findLink(ends, to); found {
		return ends[i].types
	}
	return nil
}

// unlinkAll removes an object's associations without events, as its own removal is the event.
func (s *Server) unlinkAll(t *table, id uint64) {
	for p, ends := range s.links {
		if p.from != t.id {
			continue
		}
		for _, l := range slices.Clone(ends[id]) {
			for _, typeID := range l.types {
				s.dropType(linkTypeOf(p, typeID), id, l.to)
			}
		}
		delete(ends, id)
	}
}

// moveLinks gives one object's associations to another of its type.
func (s *Server) moveLinks(t *table, from, to uint64) {
	for p, ends := range s.links {
		if p.from != t.id {
			continue
		}
		others := slices.DeleteFunc(slices.Clone(ends[from]), func(l link) bool { return l.to == to })
		for _, l := range others {
			for _, typeID := range l.types {
				s.addType(linkTypeOf(p, typeID), to, l.to)
			}
		}
	}
}

// checkLinks refuses associations of a create that cannot be made; the caller holds mu.
func (s *Server) checkLinks(t *table, in []newLink) error {
	for _, n := range in {
		for _, x := range n.Types {
			i := slices.IndexFunc(linkTypes, func(l linkType) bool { return l.from == t.id && l.id == x.TypeID })
			if i < 0 {
				return invalid("association type %d does not start at %s", x.TypeID, t.singular)
			}
			if s.tables[linkTypes[i].to].find(string(n.To.ID)) == nil {
				return invalid("%s is not a valid ID", n.To.ID).with("id", string(n.To.ID))
			}
		}
	}
	return nil
}

// linkNew makes the checked associations of a create.
func (s *Server) linkNew(t *table, id uint64, in []newLink, now int64, by source) {
	for _, n := range in {
		for _, x := range n.Types {
			i := slices.IndexFunc(linkTypes, func(l linkType) bool { return l.from == t.id && l.id == x.TypeID })
			lt := &linkTypes[i]
			s.connect(lt, id, s.tables[lt.to].find(string(n.To.ID)).id, now, by)
		}
	}
}

// inlineLimit is how many associations of one kind a list or get shows before it gives a link to the rest.
const inlineLimit = 100

// inlineAssociations encodes the associations of an object to the asked types, in the v3 form with one entry for each
// label; nil when none was asked for. Types without any association are left out.
func (s *Server) inlineAssociations(t *table, id uint64, to []*table) json.RawMessage {
	if len(to) == 0 {
		return nil
	}
	var b []byte
	for _, other := range to {
		p := pair{t.id, other.id}
		ends := s.links[p][id]
		if len(ends) == 0 {
			continue
		}
		b = append(b, separator(b))
		b = append(appendString(b, other.plural), `:{"results":[`...)
		for i, l := range ends[:min(len(ends), inlineLimit)] {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendLabels(b, p, l)
		}
		b = append(b, ']')
		if len(ends) > inlineLimit {
			after := strconv.FormatUint(ends[inlineLimit-1].to, 10)
			link := "https://api.hubapi.com/crm/v4/objects/" + t.plural + "/" + strconv.FormatUint(id, 10) + "/associations/" + other.plural
			b = appendNext(b, after, link+"?after="+after)
		}
		b = append(b, '}')
	}
	if b == nil {
		return json.RawMessage("{}")
	}
	return append(b, '}')
}

// separator opens an object or continues it.
func separator(b []byte) byte {
	if len(b) == 0 {
		return '{'
	}
	return ','
}

// appendLabels encodes one association, an entry for each of its labels.
func appendLabels(b []byte, p pair, l link) []byte {
	for i, typeID := range l.types {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(append(b, `{"id":"`...), l.to, 10)
		b = append(appendString(append(b, `","type":`...), linkTypeOf(p, typeID).name), '}')
	}
	return b
}
