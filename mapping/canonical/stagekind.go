package canonical

import (
	"slices"
	"strings"
	"unicode"
)

// The kinds of stage of a pipeline of deals, in the order of a sale.
const (
	LeadGeneration = "lead_generation"
	Qualification  = "qualification"
	InitialContact = "initial_contact"
	Proposal       = "proposal"
	Negotiation    = "negotiation"
	Won            = "won"
	Lost           = "lost"
	OtherStage     = "other"
)

// StageKinds lists the kinds of stage of a pipeline of deals.
func StageKinds() []string {
	return []string{LeadGeneration, Qualification, InitialContact, Proposal, Negotiation, Won, Lost, OtherStage}
}

// knownStages are the stages that vendors ship, by folded id or label: Salesforce's StageNames
// (https://help.salesforce.com/s/articleView?id=sf.opportunity_stages.htm) and the ids of HubSpot's default pipeline
// (https://knowledge.hubspot.com/object-settings/set-up-and-customize-your-deal-pipelines-and-deal-stages).
var knownStages = map[string]string{
	"prospecting":   LeadGeneration,
	"qualification": Qualification, "needsanalysis": Qualification, "qualifiedtobuy": Qualification,
	"valueproposition": InitialContact, "iddecisionmakers": InitialContact, "perceptionanalysis": InitialContact,
	"appointmentscheduled": InitialContact, "presentationscheduled": InitialContact,
	"proposalpricequote": Proposal, "decisionmakerboughtin": Proposal,
	"negotiationreview": Negotiation, "contractsent": Negotiation,
	"closedwon": Won, "closedlost": Lost, "won": Won, "lost": Lost,
}

// stageWords are what the words of a label begin with, for each kind of stage; the further stage is looked for first.
var stageWords = []struct{ kind, words string }{
	{Negotiation, "negotiat contract review"},
	{Proposal, "proposal quote offer bought"},
	{InitialContact, "contact appointment presentation demo meeting perception value makers"},
	{Qualification, "qualif needs analysis discovery"},
	{LeadGeneration, "lead prospect new"},
}

// Classify fills in the Kind of stages of a pipeline of deals that have none. Stages must be in their order. Closed flags
// decide first, then what the vendor ships, then words of the label, then the place among the open stages: the first
// third is qualification, the last one negotiation, what lies between initial_contact and then proposal. The probability
// of a stage decides nothing but won from lost, and that of a deal is its own: vendors keep it as it was when the deal
// entered the stage.
func Classify(stages []Stage) { classify(stages, kindOfStage) }

func classify(stages []Stage, kind func(s Stage, at, open int) string) {
	open := 0
	for _, s := range stages {
		if !s.Closed {
			open++
		}
	}
	at := 0
	for i := range stages {
		s := &stages[i]
		if s.Kind == "" {
			s.Kind = kind(*s, at, open)
		}
		if !s.Closed {
			at++
		}
	}
}

func kindOfStage(s Stage, at, open int) string {
	switch {
	case s.Won:
		return Won
	case s.Closed:
		return Lost
	}
	for _, text := range []string{s.ID, s.Name} {
		if kind, ok := knownStages[foldWord(text)]; ok {
			return kind
		}
	}
	label := wordsOf(s.Name + " " + s.ID)
	for _, k := range stageWords {
		if anyBegins(label, strings.Fields(k.words)) {
			return k.kind
		}
	}
	switch {
	case at == open-1 && open > 1:
		return Negotiation
	case at*3 < open:
		return Qualification
	case at*2 < open:
		return InitialContact
	}
	return Proposal
}

// foldWord returns the letters and digits of a text in lower case.
func foldWord(s string) string { return strings.Join(wordsOf(s), "") }

func wordsOf(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r)
	})
}

func anyBegins(words, beginnings []string) bool {
	return slices.ContainsFunc(words, func(w string) bool {
		return slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(w, b) })
	})
}
