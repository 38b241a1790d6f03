package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
)

// consentReport says whether a person may be sent e-mail, and what stands against it.
type consentReport struct {
	Subscribed canonical.Subscription `json:"subscribed"` // yes, no, pending or unknown
	// Because is what decides: of an opt-out, the claims that forbid it, with the records that made them.
	Because []identity.WhyElement `json:"because,omitempty"`
}

// consentOf explains a person's consent to e-mail, nil of whom nobody says anything.
func consentOf(fields []identity.Why) *consentReport {
	at := slices.IndexFunc(fields, func(w identity.Why) bool { return w.Field == "consents" })
	if at < 0 || canonical.IsNull(fields[at].Value) {
		return nil
	}
	rep := &consentReport{Subscribed: canonical.Subscribed(fields[at].Value)}
	for _, e := range elementsOf(&fields[at]) {
		said := gjson.ParseBytes(e.Value)
		alone := canonical.Subscribed(slices.Concat([]byte{'['}, e.Value, []byte{']'}))
		if said.Get("channel").Str == "email" && alone == rep.Subscribed {
			rep.Because = append(rep.Because, e)
		}
	}
	return rep
}

// elementsOf returns the elements of a list; that of the only source has no list of sources.
func elementsOf(w *identity.Why) []identity.WhyElement {
	if len(w.Elements) > 0 {
		return w.Elements
	}
	var list []identity.WhyElement
	for _, e := range gjson.ParseBytes(w.Value).Array() {
		list = append(list, identity.WhyElement{Value: []byte(e.Raw), Sources: []string{w.Source}})
	}
	return list
}

// sourcesText names the records that an element is from.
func sourcesText(e identity.WhyElement) string {
	texts := slices.Clone(e.Sources)
	for i, ref := range texts {
		if slices.Contains(e.Once, ref) {
			texts[i] = ref + " (said once, and kept)"
		}
	}
	return strings.Join(texts, ", ")
}

// consent prints it with the claims that decide.
func (p *page) consent(rep *consentReport) {
	if rep == nil {
		return
	}
	title := "may be e-mailed: " + string(rep.Subscribed)
	if len(rep.Because) == 0 {
		fmt.Fprintf(p.out, "\n%s\n", title)
	}
	var rows [][]string
	for _, e := range rep.Because {
		rows = append(rows, []string{valueText(e.Value), "from " + sourcesText(e)})
	}
	p.atMost(shortList, title, rows)
}
