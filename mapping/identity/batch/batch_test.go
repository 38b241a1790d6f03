package batch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/identity/internal/crowd"
	"github.com/millrace/millrace/mapping/identity/score"
)

func records(o crowd.Options) ([]Record, map[string]int) {
	var list []Record
	truth := map[string]int{}
	for _, r := range crowd.People(o) {
		list = append(list, Record{r.ID, r.Profile})
		truth[r.ID] = r.Entity
	}
	return list, truth
}

// resolverOf uses a model for people, joining what is at least so likely.
func resolverOf(m *score.Model, at float64) *identity.Resolver {
	return identity.NewResolver(identity.Settings{
		Models: map[canonical.Kind]*score.Model{m.Kind(): m}, Person: identity.Bands{Auto: at, Review: min(.5, at)},
	})
}

func mustNew(t testing.TB, list []Record) *Batch {
	t.Helper()
	b, err := New(canonical.Person, list)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// resolved learns and resolves, and returns the clusters as the ids of their records, and the links by id.
func resolved(t testing.TB, list []Record, at float64) (clusters, links []string) {
	t.Helper()
	b := mustNew(t, list)
	result, err := b.Resolve(t.Context(), resolverOf(b.Train(time.Time{}), at))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range result.Clusters {
		var ids []string
		for _, i := range c {
			ids = append(ids, list[i].ID)
		}
		clusters = append(clusters, strings.Join(ids, " "))
	}
	for _, l := range slices.Concat(result.Joined, result.Review) {
		links = append(links, fmt.Sprintf("%s %s %s %v %.12f %s", list[l.A].ID, list[l.B].ID, l.Rule, l.Band, l.Probability, l.Refused))
	}
	return clusters, links
}

// Parameters, clusters and evidence are functions of the set of rows.
func TestOrderOfRowsDoesNotMatter(t *testing.T) {
	list, _ := records(crowd.Options{Records: 160, Duplicates: .5, Dirt: .3, Couples: .3, Seed: 3})
	clusters, links := resolved(t, list, .9)
	if len(links) < 20 {
		t.Fatalf("got %d links, want something to compare", len(links))
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 2 {
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		again, linksAgain := resolved(t, list, .9)
		if !reflect.DeepEqual(clusters, again) || !reflect.DeepEqual(links, linksAgain) {
			t.Fatal("other clusters or links for the same rows in another order")
		}
	}
}

// The batch is only another way to the same outcome: one call of Cluster with all records gives the same clusters.
func TestBatchIsTheResolver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := crowd.Options{Records: rapid.IntRange(2, 120).Draw(t, "records"), Duplicates: .6, Dirt: .4, Couples: .4, Seed: rapid.Uint64().Draw(t, "seed")}
		list, _ := records(o)
		b, err := New(canonical.Person, list)
		if err != nil {
			t.Fatal(err)
		}
		r := resolverOf(score.Default(canonical.Person), rapid.SampledFrom([]float64{.3, .9, .99}).Draw(t, "at"))
		got, err := b.Resolve(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		want := r.Cluster(b.members(r), nil)
		if !reflect.DeepEqual(got.Clusters, want.Clusters) {
			t.Fatalf("got %v, want %v", got.Clusters, want.Clusters)
		}
		if len(got.Joined) != len(want.Joined) || len(got.Review) != len(want.Review) {
			t.Fatalf("got %d joined and %d for review, want %d and %d", len(got.Joined), len(got.Review), len(want.Joined), len(want.Review))
		}
	})
}

func TestCrowdIsFoundOut(t *testing.T) {
	list, truth := records(crowd.Options{Records: 1000, Duplicates: .4, Dirt: .25, Couples: .2, Seed: 5})
	clusters, _ := resolved(t, list, .99)
	if precision, recall := measure(clusters, truth); precision < .999 || recall < .985 {
		t.Errorf("got precision %.4f, recall %.4f, want .999 and .985", precision, recall)
	}
}

// measure compares the pairs of rows in one cluster with the truth.
func measure(clusters []string, truth map[string]int) (precision, recall float64) {
	pairs := func(n int) float64 { return float64(n) * float64(n-1) / 2 }
	entities, found, right := map[int]int{}, 0.0, 0.0
	for _, e := range truth {
		entities[e]++
	}
	for _, c := range clusters {
		within := map[int]int{}
		ids := strings.Fields(c)
		for _, id := range ids {
			within[truth[id]]++
		}
		found += pairs(len(ids))
		for _, n := range within {
			right += pairs(n)
		}
	}
	all := 0.0
	for _, n := range entities {
		all += pairs(n)
	}
	return right / max(found, 1), right / max(all, 1)
}

func named(id, given, family, extra string) Record {
	value := func(s string) json.RawMessage { b, _ := json.Marshal(s); return b }
	p := &canonical.Profile{Kind: canonical.Person, Fields: []canonical.Field{{Name: "name.family", Value: value(family)}, {Name: "name.given", Value: value(given)}}}
	if extra != "" {
		p.Fields = append([]canonical.Field{{Name: "birthday", Value: value(extra)}}, p.Fields...)
	}
	return Record{id, p}
}

func TestFewAndEqualRows(t *testing.T) {
	var equal []Record
	for i := range 30 {
		equal = append(equal, named(fmt.Sprintf("%02d", i), "anna", "zimmer", "1980-02-01"))
	}
	for name, c := range map[string]struct {
		list []Record
		want int
	}{
		"none":               {nil, 0},
		"one":                {equal[:1], 1},
		"two that are equal": {equal[:2], 1},
		"two that are not":   {[]Record{equal[0], named("b", "bernd", "maier", "1970-05-05")}, 2},
		"two names":          {[]Record{named("a", "anna", "zimmer", ""), named("b", "anna", "zimmer", "")}, 2},
		"thirty equal":       {equal, 1},
		"nothing known":      {[]Record{named("a", "", "", ""), named("b", "", "", "")}, 2},
	} {
		if clusters, _ := resolved(t, c.list, .99); len(clusters) != c.want {
			t.Errorf("%s: got %d clusters, want %d", name, len(clusters), c.want)
		}
	}
}

// A value that half of the table has finds nobody, and costs nothing: 1,000 rows would make half a million pairs.
func TestCrowdedValueFindsNobody(t *testing.T) {
	var list []Record
	for i := range 1000 {
		r := named(fmt.Sprintf("%04d", i), fmt.Sprintf("given%d", i), fmt.Sprintf("family%d", i), "")
		r.Profile.Fields = append([]canonical.Field{{Name: "emails", Value: json.RawMessage(`[{"address":"all@firm.example"}]`)}}, r.Profile.Fields...)
		list = append(list, r)
	}
	b := mustNew(t, list)
	result, err := b.Resolve(t.Context(), resolverOf(score.Default(canonical.Person), .99))
	if err != nil {
		t.Fatal(err)
	}
	if result.Crowded == 0 || result.Compared > 0 || len(result.Clusters) != 1000 {
		t.Errorf("got %d crowded terms, %d pairs and %d clusters, want some, none and 1000", result.Crowded, result.Compared, len(result.Clusters))
	}
}

func TestWhatCannotBeResolvedIsSaid(t *testing.T) {
	if _, err := New(canonical.Deal, nil); !errors.Is(err, ErrKind) {
		t.Errorf("deals: got error %v, want ErrKind", err)
	}
	if _, err := New(canonical.Person, []Record{named("a", "x", "y", ""), named("a", "x", "z", "")}); err == nil || !strings.Contains(err.Error(), "records 1 and 2 have the same id") {
		t.Errorf("one id twice: got error %v", err)
	}
	if _, err := New(canonical.Organization, []Record{named("a", "x", "y", "")}); err == nil {
		t.Error("a person among organizations: got no error")
	}
	list, _ := records(crowd.Options{Records: 600, Duplicates: .3, Dirt: .1, Seed: 1})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := mustNew(t, list).Resolve(ctx, resolverOf(score.Default(canonical.Person), .9)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: got error %v, want context.Canceled", err)
	}
}

// BenchmarkFiftyThousand is the size that the project promises a time and a memory for: under 60 s and 500 MiB.
func BenchmarkFiftyThousand(b *testing.B) {
	list, truth := records(crowd.Options{Records: 50_000, Duplicates: .3, Dirt: .2, Couples: .1, Seed: 9})
	var clusters []string
	for b.Loop() {
		clusters, _ = resolved(b, list, .99)
	}
	precision, recall := measure(clusters, truth)
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(precision, "precision")
	b.ReportMetric(recall, "recall")
	b.ReportMetric(float64(use.Maxrss)/1024, "MiB")
}
