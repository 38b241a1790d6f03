package score

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/millrace/millrace/mapping/canonical"
)

// format is the version of the file; a file of a higher one is refused.
const format = 1

// MaxFile is the most bytes of a model that Load reads.
const MaxFile = 64 << 20

// document is a model as it is stored.
type document struct {
	Model   int             `json:"model"`
	Kind    canonical.Kind  `json:"kind"`
	Trained Training        `json:"trained"`
	Prior   float64         `json:"prior"` // log2 of the odds
	Home    float64         `json:"home"`
	Fields  []fieldDocument `json:"fields"`
}

type fieldDocument struct {
	Name   string            `json:"name"`
	Levels []levelDocument   `json:"levels"`
	Rare   float64           `json:"rare,omitempty"`
	Rarity map[string]number `json:"rarity,omitzero"` // by hash of the value; missing when nothing is known
}

type levelDocument struct {
	Name string  `json:"name"`
	M    float64 `json:"m"`
	U    float64 `json:"u"`
}

// number keeps the two decimals that a rarity has.
type number float32

// MarshalJSON implements json.Marshaler.
func (n number) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, float64(n), 'g', 4, 32), nil
}

// Save writes the model as JSON. The same model gives the same bytes.
func (m *Model) Save(w io.Writer) error {
	data, err := json.MarshalIndent(m.document(), "", " ")
	if err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	if _, err = w.Write(append(data, '\n')); err != nil {
		return fmt.Errorf("write model: %w", err)
	}
	return nil
}

func (m *Model) document() document {
	d := document{Model: format, Kind: m.kind, Trained: m.trained, Prior: m.prior, Home: m.home}
	for i := range m.fields {
		f := &m.fields[i]
		fd := fieldDocument{Name: f.name, Rare: float64(f.rare)}
		for l, name := range f.levels {
			fd.Levels = append(fd.Levels, levelDocument{name, f.m[l], f.u[l]})
		}
		if f.rarity != nil {
			fd.Rarity = make(map[string]number, len(f.rarity))
		}
		for h, bits := range f.rarity {
			fd.Rarity[strconv.FormatUint(h, 16)] = number(bits)
		}
		d.Fields = append(d.Fields, fd)
	}
	return d
}

// seal gives the model its version: a hash of its parameters, not of when they were learnt.
func (m *Model) seal() {
	d := m.document()
	d.Trained = Training{}
	data, _ := json.Marshal(d) // a document of numbers and texts always has a JSON form
	m.version = fmt.Sprintf("%s-%016x", m.kind, xxhash.Sum64(data))
	m.others = nil
	for i := range m.fields {
		if f := &m.fields[i]; f.other {
			m.others = append(m.others, f.name)
		}
	}
}

// Load reads what Save wrote. The error says what is wrong with the file.
func Load(r io.Reader) (*Model, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxFile+1))
	if err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	if len(data) > MaxFile {
		return nil, fmt.Errorf("read model: more than %d bytes", MaxFile)
	}
	var d document
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&d); err != nil {
		return nil, fmt.Errorf("read model: %w", err)
	}
	switch {
	case d.Model != format:
		return nil, fmt.Errorf("read model: its format is %d, this program knows %d; train it again", d.Model, format)
	case d.Kind != canonical.Person && d.Kind != canonical.Organization:
		return nil, fmt.Errorf("read model: it is of kind %q, want person or organization", d.Kind)
	case !finite(d.Prior) || !finite(d.Home):
		return nil, errors.New("read model: prior and home must be numbers")
	}
	return d.model()
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// model builds the model of a document.
func (d *document) model() (*Model, error) {
	m := &Model{kind: d.Kind, trained: d.Trained, prior: d.Prior, home: d.Home}
	var schemes, others []string
	known := comparisons(d.Kind, nil, nil)
	for _, f := range d.Fields {
		scheme, isID := strings.CutPrefix(f.Name, identifierPrefix)
		switch {
		case slices.ContainsFunc(known, func(c comparison) bool { return c.name == f.Name }):
		case isID:
			schemes = append(schemes, scheme)
		default:
			others = append(others, f.Name)
		}
	}
	if len(schemes) > maxSchemes || len(others) > maxOthers {
		return nil, fmt.Errorf("read model: more than %d identifiers or %d further fields", maxSchemes, maxOthers)
	}
	for _, c := range comparisons(d.Kind, schemes, others) {
		i := slices.IndexFunc(d.Fields, func(f fieldDocument) bool { return f.Name == c.name })
		if i < 0 {
			return nil, fmt.Errorf("read model: the field %q is missing; train it again", c.name)
		}
		f, err := d.Fields[i].field(c)
		if err != nil {
			return nil, fmt.Errorf("read model: the field %q: %w", c.name, err)
		}
		m.fields = append(m.fields, f)
	}
	if len(m.fields) != len(d.Fields) {
		return nil, errors.New("read model: a field is there twice")
	}
	m.seal()
	return m, nil
}

func (d *fieldDocument) field(c comparison) (field, error) {
	f := newField(c)
	if len(d.Levels) != len(c.levels) {
		return f, fmt.Errorf("it has %d levels, want %d; train the model again", len(d.Levels), len(c.levels))
	}
	for l, level := range d.Levels {
		if level.Name != c.levels[l] {
			return f, fmt.Errorf("level %d is %q, want %q; train the model again", l, level.Name, c.levels[l])
		}
		if !(level.M > 0 && level.M <= 1 && level.U > 0 && level.U <= 1) {
			return f, fmt.Errorf("m and u of the level %q must be more than 0 and at most 1", level.Name)
		}
		f.m[l], f.u[l] = level.M, level.U
	}
	f.rare = float32(d.Rare)
	if d.Rarity != nil {
		f.rarity = make(map[uint64]float32, len(d.Rarity))
	}
	for hash, bits := range d.Rarity {
		h, err := strconv.ParseUint(hash, 16, 64)
		if err != nil {
			return f, fmt.Errorf("%q is no hash", hash)
		}
		f.rarity[h] = float32(bits)
	}
	f.weigh()
	return f, nil
}
