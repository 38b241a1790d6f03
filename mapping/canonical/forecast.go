package canonical

// The forecast categories of a vendor that has them, folded: Salesforce's names (its API calls Commit `Forecast`).
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_opportunitystage.htm
const (
	bestCase   = "bestcase"
	mostLikely = "mostlikely"
	commit     = "commit"
	forecast   = "forecast"
	omitted    = "omitted"
)

// ClassifyForecast is Classify for a pipeline whose stages have a forecast category, by id: a team may call its stages
// what it likes. Closed flags decide first; what is committed is negotiation; a best case is proposal, the last open one
// negotiation; of the others the first is lead_generation, the first half qualification and the rest initial_contact.
func ClassifyForecast(stages []Stage, categories map[string]string) {
	early := 0
	for _, s := range stages {
		if !s.Closed && !sure(categories[s.ID]) {
			early++
		}
	}
	seen := 0
	classify(stages, func(s Stage, at, open int) string {
		category := foldWord(categories[s.ID])
		switch {
		case s.Won:
			return Won
		case s.Closed:
			return Lost
		case category == omitted:
			return OtherStage
		case category == commit || category == forecast || sure(category) && at == open-1:
			return Negotiation
		case sure(category):
			return Proposal
		}
		seen++
		return earlyStage(seen-1, early)
	})
}

// sure reports whether a category says that the deal is likely.
func sure(category string) bool {
	switch foldWord(category) {
	case bestCase, mostLikely, commit, forecast, omitted:
		return true
	}
	return false
}

func earlyStage(at, of int) string {
	switch {
	case at == 0 && of > 1:
		return LeadGeneration
	case at*2 <= of:
		return Qualification
	}
	return InitialContact
}
