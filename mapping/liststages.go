package mapping

import (
	"slices"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// stages appends the stages of a pipeline.
func (m *mapping) stages(f *field) bool {
	p := f.picks[0]
	if !m.collect(f.name, p) {
		return false
	}
	var list []canonical.Stage
	forecasts := map[string]string{}
	for _, it := range m.items {
		s, forecast, ok := p.stage.read(it, p.scale)
		if !ok {
			m.warn(f.name, it.path, it.typeName(), "not a stage with an id")
			continue
		}
		list = append(list, s)
		forecasts[s.ID] = forecast
	}
	slices.SortStableFunc(list, func(a, b canonical.Stage) int { return a.Order - b.Order })
	for i := range list {
		list[i].Order = i
	}
	if p.stage.forecast != nil {
		canonical.ClassifyForecast(list, forecasts)
	} else {
		canonical.Classify(list)
	}
	m.out = canonical.AppendStages(m.out, list[:min(len(list), canonical.MaxList)])
	return true
}

func (s *stagePaths) read(it item, scale int) (canonical.Stage, string, bool) {
	if it.kind != gjson.JSON {
		return canonical.Stage{}, "", false
	}
	element := gjson.Parse(it.text)
	text := func(p *path) (found string) {
		if p == nil {
			return ""
		}
		steps := make([]step, 0, len(p.lead)+len(p.steps))
		for _, name := range p.lead {
			steps = append(steps, step{name: name})
		}
		eachValue(element, append(steps, p.steps...), func(r gjson.Result) {
			if r.Type != gjson.JSON {
				found = r.String()
			}
		})
		return canonical.CleanText(found)
	}
	stage := canonical.Stage{ID: text(s.id), Name: text(s.name)}
	stage.Order = orderOf(text(s.order))
	stage.Probability, _ = canonical.CleanDecimal(scaled(text(s.probability), scale))
	stage.Closed, _ = canonical.CleanBool(text(s.closed))
	if s.won != nil {
		stage.Won, _ = canonical.CleanBool(text(s.won))
	} else {
		stage.Won = stage.Closed && stage.Probability == "1"
	}
	stage.Kind, _, _ = canonical.TicketStatus(text(s.kind))
	return stage, text(s.forecast), stage.ID != ""
}
