package canonical_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/millrace/millrace/mapping/canonical"
)

// TestForecastDecidesNotTheLabel: the stages of an organization that speaks another language, or calls them after fish,
// get the kinds that the vendor's own metadata mean.
func TestForecastDecidesNotTheLabel(t *testing.T) {
	rows := []struct {
		name, category string
		closed, won    bool
		want           string
	}{
		{"Closed Won", "Pipeline", false, false, "lead_generation"}, // the label lies
		{"Hering", "Pipeline", false, false, "qualification"},
		{"Aal", "Pipeline", false, false, "qualification"},
		{"Prospecting", "Pipeline", false, false, "initial_contact"},
		{"Angebot", "BestCase", false, false, "proposal"},
		{"Fast", "Forecast", false, false, "negotiation"},
		{"Parkplatz", "Omitted", false, false, "other"},
		{"Hai", "Best Case", false, false, "negotiation"},
		{"Gewonnen", "Closed", true, true, "won"},
		{"Proposal", "Omitted", true, false, "lost"},
	}
	var stages []canonical.Stage
	categories := map[string]string{}
	for i, r := range rows {
		id := fmt.Sprint(i)
		stages = append(stages, canonical.Stage{ID: id, Name: r.name, Order: i, Closed: r.closed, Won: r.won})
		categories[id] = r.category
	}
	canonical.ClassifyForecast(stages, categories)
	var got, want []string
	for i, r := range rows {
		got, want = append(got, stages[i].Kind), append(want, r.want)
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	one := []canonical.Stage{{ID: "a", Name: "Lost", Kind: "negotiation"}, {ID: "b"}}
	canonical.ClassifyForecast(one, nil)
	if one[0].Kind != "negotiation" || one[1].Kind == "" {
		t.Errorf("got %+v, want a kind that is set to stay and the other found", one)
	}
}
