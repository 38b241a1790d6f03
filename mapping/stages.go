package mapping

import (
	"encoding/json"
	"slices"

	"github.com/millrace/millrace/mapping/canonical"
)

// withStages gives the stages of a pipeline the kinds that the configuration says, by their ids, and those of a pipeline
// of tickets the status of a ticket in them, unless the vendor said it of the stage itself. p is the mapping's own, whose values are replaced and not changed.
func withStages(p *canonical.Profile, own map[string]string) error {
	at := slices.IndexFunc(p.Fields, func(f canonical.Field) bool { return f.Name == "stages" })
	tickets := string(p.Get("object")) == `"ticket"`
	if at < 0 || !tickets && len(own) == 0 {
		return nil
	}
	var list []canonical.Stage
	if err := json.Unmarshal(p.Fields[at].Value, &list); err != nil {
		return err
	}
	for i := range list {
		if _, _, told := canonical.TicketStatus(list[i].Kind); tickets && !told {
			list[i].Kind = ""
		}
		if kind, ok := own[list[i].ID]; ok {
			list[i].Kind = kind
		}
	}
	if tickets {
		canonical.ClassifyTickets(list)
	}
	p.Fields[at].Value = canonical.AppendStages(nil, list)
	return nil
}
