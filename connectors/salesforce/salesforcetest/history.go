package salesforcetest

// tracked are the fields whose changes OpportunityFieldHistory keeps, and how it calls their types.
var tracked = []struct{ name, kind string }{
	{"StageName", "EnumOrId"}, {"Amount", "Currency"}, {"CloseDate", "DateOnly"}, {"OwnerId", "EnumOrId"}, {"Probability", "Double"},
}

// history writes the history of an opportunity: a row of OpportunityHistory when stage, amount, probability or close
// date changed, and a row of OpportunityFieldHistory for each tracked field. A new opportunity has a first row in both.
func (x *tx) history(t *table, o *row, from *version) {
	if t.name != "Opportunity" {
		return
	}
	id := t.id(o.serial)
	var moved bool
	for _, f := range tracked {
		slot := t.slot(f.name)
		if from == nil || from.get(slot) == o.cur.get(slot) {
			continue
		}
		moved = moved || f.name != "OwnerId"
		x.row("OpportunityFieldHistory", map[string]any{"OpportunityId": id, "Field": f.name, "DataType": f.kind, "OldValue": from.get(slot), "NewValue": o.cur.get(slot)}, 0)
	}
	if from == nil {
		x.row("OpportunityFieldHistory", map[string]any{"OpportunityId": id, "Field": "created", "DataType": "Text"}, o.cur.created)
		moved = true
	}
	if !moved {
		return
	}
	row := map[string]any{"OpportunityId": id}
	for _, name := range []string{"StageName", "Amount", "ExpectedRevenue", "CloseDate", "Probability", "ForecastCategory", "CurrencyIsoCode"} {
		if f := t.field(name); f != nil {
			row[name] = o.cur.get(f.slot)
		}
	}
	at := o.cur.created
	if from != nil {
		row["PrevAmount"], row["PrevCloseDate"] = from.get(t.slot("Amount")), from.get(t.slot("CloseDate"))
		at = 0
	}
	x.row("OpportunityHistory", row, at)
}

// row inserts a row of the system's own, whose values need no check.
func (x *tx) row(object string, values map[string]any, created int64) *row {
	t := x.s.mustTable(object)
	var cells []cell
	for name, value := range values {
		if value != nil {
			cells = append(cells, cell{t.slot(name), value})
		}
	}
	return x.insert(t, cells, created)
}

// stages are those of a new organization with probability and forecast category.
var stages = []struct {
	label         string
	probability   float64
	category      string
	categoryLabel string
	closed, won   bool
}{
	{"Prospecting", 10, "Pipeline", "Pipeline", false, false},
	{"Qualification", 10, "Pipeline", "Pipeline", false, false},
	{"Needs Analysis", 20, "Pipeline", "Pipeline", false, false},
	{"Value Proposition", 50, "Pipeline", "Pipeline", false, false},
	{"Id. Decision Makers", 60, "Pipeline", "Pipeline", false, false},
	{"Perception Analysis", 70, "Pipeline", "Pipeline", false, false},
	{"Proposal/Price Quote", 75, "Pipeline", "Pipeline", false, false},
	{"Negotiation/Review", 90, "Pipeline", "Pipeline", false, false},
	{"Closed Won", 100, "Closed", "Closed", true, true},
	{"Closed Lost", 0, "Omitted", "Omitted", true, false},
}

// populate makes the rows that every organization has.
func (s *Server) populate() {
	_ = s.write("", false, func(x *tx) error {
		users := s.mustTable("User")
		s.admin, s.user = users.id(users.last+1), users.id(users.last+2)
		x.user = s.admin
		for _, u := range []map[string]any{
			{"Username": "admin@acme.example", "LastName": "Okafor", "FirstName": "Ada", "Email": "admin@acme.example", "Alias": "aokaf", "IsActive": true},
			{"Username": s.username(), "LastName": "Integration", "Email": "integration@acme.example", "Alias": "integ", "IsActive": true},
		} {
			x.row("User", u, 0)
		}
		for i, st := range stages {
			x.row("OpportunityStage", map[string]any{"MasterLabel": st.label, "ApiName": st.label, "IsActive": true, "SortOrder": float64(i + 1), "IsClosed": st.closed,
				"IsWon": st.won, "ForecastCategory": st.category, "ForecastCategoryName": st.categoryLabel, "DefaultProbability": st.probability}, 0)
		}
		for i, label := range []string{"New", "Working", "Escalated", "Closed"} {
			x.row("CaseStatus", map[string]any{"MasterLabel": label, "ApiName": label, "SortOrder": float64(i + 1), "IsDefault": i == 0, "IsClosed": label == "Closed"}, 0)
		}
		s.organization(x)
		if s.opt.MultiCurrency {
			for i, code := range []string{"USD", "EUR", "GBP", "JPY"} {
				x.row("CurrencyType", map[string]any{"IsoCode": code, "ConversionRate": []float64{1, 0.92, 0.79, 151.2}[i], "IsActive": true, "IsCorporate": i == 0}, 0)
			}
		}
		return nil
	})
}

// organization makes the one row of Organization, whose id is the organization's own.
func (s *Server) organization(x *tx) {
	t := s.mustTable("Organization")
	t.head = s.opt.OrgID[:6]
	serial, _ := t.serialOf(s.opt.OrgID)
	t.last = serial - 1
	x.row("Organization", map[string]any{"Name": "Acme", "InstanceName": "USA900", "IsSandbox": s.opt.Sandbox, "OrganizationType": "Enterprise Edition",
		"DefaultCurrencyIsoCode": "USD", "TimeZoneSidKey": "America/Los_Angeles", "DefaultLocaleSidKey": "en_US", "LanguageLocaleKey": "en_US", "FiscalYearStartMonth": 1.0, "Country": "US"}, 0)
}

// username is the integration user's.
func (s *Server) username() string {
	if s.opt.App != nil && s.opt.App.Username != "" {
		return s.opt.App.Username
	}
	return "integration@acme.example"
}
