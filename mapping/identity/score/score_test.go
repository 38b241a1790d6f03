package score

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"pgregory.net/rapid"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity/compare"
	"github.com/millrace/millrace/mapping/identity/internal/crowd"
)

// someone draws facts from few values, so that pairs agree often; values are left out at random.
func someone(t *rapid.T) *compare.Facts {
	pick := func(label string, values ...string) string {
		return rapid.SampledFrom(append(values, "")).Draw(t, label)
	}
	f := &compare.Facts{
		Kind: canonical.Person, Given: pick("given", "anna", "ana", "muller", "a"), Family: pick("family", "muller", "mueller", "anna", "王"),
		Born: pick("birthday", "19800102", "19800201", "19810102", "19551231"), Road: pick("road", "main st", "mian st"),
		Number: pick("number", "1", "12"), Postcode: pick("postcode", "10115", "10151"), Locality: pick("city", "berlin", "berlni"),
		Region: pick("region", "be"), Company: pick("company", "acme", "acmee"),
	}
	address := rapid.SampledFrom([]string{"a@b.example", "a@c.example", "anna.m@b.example"})
	f.Emails = rapid.SliceOfN(address, 0, 2).Draw(t, "emails")
	if p := pick("phone", "+49301234567", "0301234567"); p != "" {
		f.Phones = []string{p}
	}
	if id := pick("id", "vat:de1", "vat:de2", "ssn:1"); id != "" {
		f.IDs = []string{id}
	}
	if o := pick("other", "x", "y"); o != "" {
		f.Others = []compare.Attribute{{Name: "custom.x", Value: o}}
	}
	return f
}

func facts(o crowd.Options) []*compare.Facts {
	var list []*compare.Facts
	for _, r := range crowd.People(o) {
		list = append(list, compare.Of(r.Profile))
	}
	return list
}

var dirtyCrowd = crowd.Options{Records: 350, Duplicates: .4, Dirt: .25, Couples: .2, Seed: 1}

// learnt is the model of the dirty crowd.
var learnt = sync.OnceValue(func() *Model { return Train(canonical.Person, facts(dirtyCrowd), time.Time{}) })

// A judgement that depended on the order of the two would make the state depend on the order of arrival.
func TestJudgementIsSymmetricAndExplained(t *testing.T) {
	trained := learnt()
	seen := []*compare.Facts{{IDs: []string{"vat:de1"}, Others: []compare.Attribute{{Name: "custom.x", Value: "x"}}}}
	few := Train(canonical.Person, seen, time.Time{})
	rapid.Check(t, func(t *rapid.T) {
		a, b := someone(t), someone(t)
		for _, m := range []*Model{trained, few} {
			x, y := m.Compare(a, b), m.Compare(b, a)
			if x != y {
				t.Fatalf("got %v and exchanged %v, want the same", x, y)
			}
			r, steps := m.Explain(a, b)
			sum := 0.0
			for _, s := range steps {
				sum += s.Weight
			}
			if r != x || math.Abs(sum-r.Weight) > 1e-9 {
				t.Fatalf("explained %v with weights of %v, want %v", r, sum, x)
			}
			if !(x.Probability >= 0 && x.Probability <= 1) {
				t.Fatalf("got the probability %v", x.Probability)
			}
		}
	})
}

// Candidates that share no block are never compared: whoever agrees in what identifies must share one.
func TestWhoAgreesSharesABlock(t *testing.T) {
	m := Default(canonical.Person)
	rapid.Check(t, func(t *rapid.T) {
		a, b := someone(t), someone(t)
		same := func(x, y string) bool { return x != "" && x == y }
		agree := same(a.Born, b.Born) || compare.Shared(a.Emails, b.Emails) != "" || compare.Shared(a.IDs, b.IDs) != "" ||
			compare.Shared(a.Phones, b.Phones) != "" || compare.SameName(a, b) || same(a.Road, b.Road) && same(a.Number, b.Number)
		if agree && compare.Shared(m.Blocks(a), m.Blocks(b)) == "" {
			t.Fatalf("no block is shared: got %v and %v", m.Blocks(a), m.Blocks(b))
		}
	})
}

func TestModelSurvivesItsFile(t *testing.T) {
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	list := facts(dirtyCrowd)
	m := Train(canonical.Person, list, at)
	var file, again bytes.Buffer
	if err := m.Save(&file); err != nil {
		t.Fatal(err)
	}
	text := file.String()
	loaded, err := Load(&file)
	if err != nil {
		t.Fatal(err)
	}
	if loaded.Version() != m.Version() || loaded.Trained() != m.Trained() {
		t.Errorf("got version %s trained %v, want %s %v", loaded.Version(), loaded.Trained(), m.Version(), m.Trained())
	}
	if err := loaded.Save(&again); err != nil || again.String() != text {
		t.Errorf("saved again it has other bytes (error %v)", err)
	}
	for i := range 100 {
		a, b := list[i], list[len(list)-1-i]
		if got, want := loaded.Compare(a, b), m.Compare(a, b); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if other := Train(canonical.Person, list, at.Add(time.Hour)); other.Version() != m.Version() {
		t.Errorf("the version depends on when it was trained: got %s, want %s", other.Version(), m.Version())
	}
	for _, f := range list[:100] {
		for _, v := range append([]string{f.Family, f.Born}, f.Emails...) {
			if v != "" && strings.Contains(text, v) {
				t.Fatalf("the file contains a value of a record")
			}
		}
		for _, e := range f.Emails { // one customer's each
			if strings.Contains(text, strconv.FormatUint(xxhash.Sum64String(e), 16)) {
				t.Fatalf("the file contains the hash of a value that one customer has")
			}
		}
	}
}

func TestBadModelsAreRefused(t *testing.T) {
	var file bytes.Buffer
	if err := Default(canonical.Organization).Save(&file); err != nil {
		t.Fatal(err)
	}
	good := file.String()
	for _, c := range [][3]string{
		{`"model": 1`, `"model": 2`, "format is 2"}, {`"kind": "organization"`, `"kind": "deal"`, `of kind "deal"`},
		{`"m": 0.6,`, `"m": 0,`, "more than 0"}, {`"name": "domains"`, `"name": "domain"`, `"domains" is missing`},
		{`"name": "close"`, `"name": "near"`, `want "close"`}, {`"prior"`, `"priority"`, "unknown field"}, {good, `{`, "unexpected EOF"},
	} {
		if _, err := Load(strings.NewReader(strings.Replace(good, c[0], c[1], 1))); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%s: got error %v, want one with %q", c[1], err, c[2])
		}
	}
}

// A couple shares a family name and an address, and nothing else: where couples occur, that joins nobody.
func TestCoupleIsTwoPeople(t *testing.T) {
	anna := &compare.Facts{Given: "anna", Family: "zimmer", Born: "19800102", Number: "12", Road: "long road", Postcode: "10115", Locality: "berlin"}
	bernd := &compare.Facts{Given: "bernd", Family: "zimmer", Born: "19780805", Number: "12", Road: "long road", Postcode: "10115", Locality: "berlin"}
	for name, m := range map[string]*Model{"built in": Default(canonical.Person), "learnt": learnt()} {
		if r := m.Compare(anna, bernd); r.Probability > .5 {
			_, steps := m.Explain(anna, bernd)
			t.Errorf("%s: got %.3f, want less than .5: %v", name, r.Probability, steps)
		}
		if r := m.Compare(anna, anna); r.Probability < .999 {
			t.Errorf("%s: the same person: got %.3f, want .999", name, r.Probability)
		}
	}
}

// A name alone never joins (P8 of the model): not where nothing was learnt.
func TestNameAloneIsNotEnough(t *testing.T) {
	f := &compare.Facts{Given: "anna", Family: "zimmer"}
	if r := Default(canonical.Person).Compare(f, f); r.Probability >= .99 {
		t.Errorf("got %.4f, want less than .99", r.Probability)
	}
}

// What is known to be true of a made-up crowd is found without its labels.
func TestTrainingFindsWhoIsTheSame(t *testing.T) {
	records := crowd.People(dirtyCrowd)
	list := facts(dirtyCrowd)
	m := learnt()
	var right, wrong, missed float64
	for i := range list {
		for j := range i {
			same, found := records[i].Entity == records[j].Entity, m.Compare(list[i], list[j]).Probability >= .99
			switch {
			case same && found:
				right++
			case found:
				wrong++
			case same:
				missed++
			}
		}
	}
	if precision, recall := right/(right+wrong), right/(right+missed); precision < .999 || recall < .97 {
		t.Errorf("got precision %.4f, recall %.4f, want .999 and .97", precision, recall)
	}
}

func BenchmarkCompare(b *testing.B) {
	list := facts(dirtyCrowd)
	m := Train(canonical.Person, list, time.Time{})
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Compare(list[i%349], list[(i*7+1)%349])
	}
}

func BenchmarkBlocks(b *testing.B) {
	list := facts(dirtyCrowd)
	m := Default(canonical.Person)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Blocks(list[i%349])
	}
}

func BenchmarkTrain(b *testing.B) {
	o := dirtyCrowd
	o.Records = 10000
	list := facts(o)
	for b.Loop() {
		Train(canonical.Person, list, time.Time{})
	}
}
