package envelope

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// Entity is the document of one entity.
type Entity struct {
	Schema    string                                `json:"schema"` // person/1.0
	ID        string                                `json:"id"`
	Aliases   []string                              `json:"aliases,omitempty"` // former ids that lead here
	Tenant    string                                `json:"tenant,omitempty"`
	Version   uint64                                `json:"version"`
	ETag      string                                `json:"etag"` // equal for equal data; "" of a tombstone
	Created   Stamp                                 `json:"created_at,omitzero"`
	Updated   Stamp                                 `json:"updated_at,omitzero"`
	Data      json.RawMessage                       `json:"data"`      // names nested by their dots
	Refs      []Ref                                 `json:"refs"`      // ascending by connection/object/id
	Prov      map[string]Prov                       `json:"prov"`      // field → where its value comes from
	Conflicts []Conflict                            `json:"conflicts"` // fields whose sources disagree
	Custom    map[string]map[string]json.RawMessage `json:"custom,omitempty"`
	Tags      json.RawMessage                       `json:"tags,omitempty"`
	Labels    json.RawMessage                       `json:"labels,omitempty"`
	Tombstone *Tombstone                            `json:"tombstone"`
}

// Stamp is a time in the form of canonical.TimeLayout.
type Stamp struct{ time.Time }

// MarshalJSON writes RFC 3339 in UTC with milliseconds.
func (s Stamp) MarshalJSON() ([]byte, error) {
	return []byte(s.UTC().Format(`"` + canonical.TimeLayout + `"`)), nil
}

// Ref is a source record of the entity.
type Ref struct {
	Source     string `json:"source,omitempty"` // the connector
	Connection string `json:"connection"`
	Object     string `json:"object"`
	ID         string `json:"id"`
	URL        string `json:"url,omitempty"` // its page at the vendor
	VersionAt  Stamp  `json:"version_at,omitzero"`
	LastSeen   Stamp  `json:"last_seen,omitzero"`
	State      string `json:"state"` // live, deleted, unseen, or elsewhere: not the customer's own, and of its addresses
	Latent     string `json:"latent,omitempty"`
	Via        string `json:"via,omitempty"` // what joins it to the others
}

// Prov is where a value comes from; numbers are places in Refs.
type Prov struct {
	Src      int     `json:"src"`
	Asserted Stamp   `json:"asserted_at,omitzero"`
	Rule     string  `json:"rule"`
	Elements [][]int `json:"elements,omitempty"` // of a united list: who has each element
}

// Conflict lists what sources say instead of what survived, newest first.
type Conflict struct {
	Path   string  `json:"path"`
	Values []Claim `json:"values"` // the surviving one first
}

// Claim is what one source says.
type Claim struct {
	Src   int             `json:"src"`
	Value json.RawMessage `json:"v"`
	Lost  string          `json:"lost_to,omitempty"` // the rule; "" for the surviving one
}

// Tombstone says that the entity is no more.
type Tombstone struct {
	Kind canonical.Tombstone `json:"kind"`
	At   Stamp               `json:"at,omitzero"`
	Into string              `json:"into,omitempty"`
	By   string              `json:"by,omitempty"`
}

// About is what a golden record does not know of its entity.
type About struct {
	ID               string
	Aliases          []string
	Tenant           string
	Version          uint64
	Created, Updated time.Time
	// Record completes what is known of a record (connection/object/id); nil = nothing is.
	Record    func(ref string) Ref
	Tombstone *Tombstone
}

// Of returns the document of a golden record. That of one without live records has a tombstone and no data.
func Of(g *identity.Golden, a About) (Entity, error) {
	e := Entity{Schema: canonical.SchemaOf(g.Kind), ID: a.ID, Aliases: a.Aliases, Tenant: a.Tenant, Version: a.Version,
		Created: Stamp{a.Created}, Updated: Stamp{a.Updated}, Data: json.RawMessage("{}"), Prov: map[string]Prov{}, Conflicts: []Conflict{}, Tombstone: a.Tombstone}
	order := make([]int, len(g.Sources))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(x, y int) int { return strings.Compare(g.Sources[x].Ref, g.Sources[y].Ref) })
	places := make([]int, len(order))
	e.Refs = make([]Ref, len(order))
	for place, i := range order {
		places[i] = place
		e.Refs[place] = refOf(&g.Sources[i], a.Record)
	}
	if g.Deleted() {
		e.Tombstone = cmp.Or(a.Tombstone, &Tombstone{Kind: canonical.SourceDeleted})
		return e, nil
	}
	data := map[string]any{}
	for i, f := range g.Fields {
		if canonical.IsNull(f.Value) {
			continue
		}
		if !strings.HasPrefix(f.Name, canonical.Custom) {
			e.put(data, f)
		}
		e.provenance(f, g.Origin(i), places)
	}
	e.Custom = customs(g)
	var err error
	if e.Data, err = encode(data); err != nil {
		return e, fmt.Errorf("write %s: %w", a.ID, err)
	}
	sum := sha256.Sum256(e.Data)
	e.ETag = "sha256:" + hex.EncodeToString(sum[:16])
	return e, nil
}

// JSON returns the document as one line, with the characters of any script as they are.
func (e *Entity) JSON() ([]byte, error) { return encode(e) }

func refOf(s *identity.Source, more func(string) Ref) Ref {
	var r Ref
	if more != nil {
		r = more(s.Ref)
	}
	connection, rest, _ := strings.Cut(s.Ref, "/")
	object, id, _ := strings.Cut(rest, "/")
	r.Connection, r.Object, r.ID, r.VersionAt = connection, object, id, Stamp{s.Version}
	if r.State == "" {
		r.State = "deleted"
		if s.Live {
			r.State = "live"
		}
	}
	if s.Live && r.URL == "" {
		_ = json.Unmarshal(s.Profile.Get("url"), &r.URL) // a profile without a page has none
	}
	return r
}

// put places a value; tags and labels have a place of their own.
func (e *Entity) put(data map[string]any, f canonical.Field) {
	switch f.Name {
	case "tags":
		e.Tags = f.Value
		return
	case "labels":
		e.Labels = f.Value
		return
	}
	names := strings.Split(f.Name, ".")
	for _, name := range names[:len(names)-1] {
		next, ok := data[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			data[name] = next
		}
		data = next
	}
	data[names[len(names)-1]] = f.Value
}

func (e *Entity) provenance(f canonical.Field, o identity.Origin, places []int) {
	p := Prov{Src: places[o.Source], Asserted: Stamp{o.Asserted}, Rule: o.Rule.String()}
	for _, list := range o.Elements {
		element := make([]int, len(list))
		for i, n := range list {
			element[i] = places[n]
		}
		p.Elements = append(p.Elements, element)
	}
	e.Prov[f.Name] = p
	if len(o.Lost) == 0 {
		return
	}
	c := Conflict{Path: f.Name, Values: []Claim{{Src: p.Src, Value: f.Value}}}
	for _, l := range o.Lost {
		c.Values = append(c.Values, Claim{places[l.Source], l.Value, l.LostTo.String()})
	}
	e.Conflicts = append(e.Conflicts, c)
}

// customs lists every live record's custom attributes by its connection: they never cross sources. Of two records of one
// connection the newer one counts.
func customs(g *identity.Golden) map[string]map[string]json.RawMessage {
	all := map[string]map[string]json.RawMessage{}
	live := slices.DeleteFunc(slices.Clone(g.Sources), func(s identity.Source) bool { return !s.Live })
	slices.SortFunc(live, func(a, b identity.Source) int {
		return cmp.Or(a.Version.Compare(b.Version), strings.Compare(b.Ref, a.Ref))
	})
	for _, s := range live {
		connection, _, _ := strings.Cut(s.Ref, "/")
		for _, f := range s.Profile.Fields {
			name, ok := strings.CutPrefix(f.Name, canonical.Custom)
			if !ok || canonical.IsNull(f.Value) {
				continue
			}
			if all[connection] == nil {
				all[connection] = map[string]json.RawMessage{}
			}
			all[connection][name] = f.Value
		}
	}
	return all
}

// encode leaves < and & as they are; map keys come sorted.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}
