package salesforcetest

import (
	"fmt"
	"math"
	"strings"
)

// picks reads values of a row that is being written.
type picks struct {
	t *table
	v *version
}

func (p picks) text(name string) string {
	f := p.t.byName[strings.ToLower(name)]
	if f == nil {
		return ""
	}
	s, _ := p.v.get(f.slot).(string)
	return s
}

func (p picks) number(name string) float64 {
	n, _ := p.v.get(p.t.slot(name)).(float64)
	return n
}

// born adds what Salesforce sets in a new row.
func (x *tx) born(t *table, o *row, values []cell) []cell {
	given := map[int]bool{}
	for _, c := range values {
		given[c.slot] = true
	}
	add := func(name string, value any) {
		if f := t.byName[strings.ToLower(name)]; f != nil && !given[f.slot] {
			values = append(values, cell{f.slot, value})
		}
	}
	for _, f := range t.fields {
		if f.Default != nil && f.Type != "boolean" && !given[f.slot] {
			values = append(values, cell{f.slot, f.Default})
		}
		if f.owner {
			add(f.Name, x.user)
		}
	}
	add("CreatedById", x.user)
	add("LastModifiedById", x.user)
	add("PhotoUrl", "/services/images/photo/"+t.id(o.serial))
	if t.name == "Case" {
		add("CaseNumber", fmt.Sprintf("%08d", o.serial-firstSerial+1000))
	}
	return values
}

// derived returns the values Salesforce computes from the others; given are those just written.
func (x *tx) derived(t *table, o *row, v *version, given []cell) []cell {
	d := derivation{tx: x, picks: picks{t, v}, o: o, given: given}
	switch t.name {
	case "Contact", "Lead", "User":
		d.set("Name", strings.TrimSpace(d.text("FirstName")+" "+d.text("LastName")))
		d.set("IsEmailBounced", d.text("EmailBouncedDate") != "")
	case "Account":
		if d.text("LastName") != "" {
			d.set("Name", strings.TrimSpace(d.text("FirstName")+" "+d.text("LastName")))
			d.set("IsPersonAccount", true)
		}
	case "Opportunity":
		d.opportunity()
	case "Case":
		closed := x.closes("CaseStatus", d.text("Status"))
		d.closing(closed, "IsClosed", "ClosedDate")
		d.copy("ContactId", "ContactEmail", "Email", "ContactPhone", "Phone", "ContactMobile", "MobilePhone")
	case "Task":
		d.closing(d.text("Status") == "Completed", "IsClosed", "CompletedDateTime")
		d.set("IsHighPriority", d.text("Priority") == "High")
		d.account()
	case "Event":
		d.event()
		d.account()
	case "CampaignMember":
		d.set("HasResponded", d.text("Status") == "Responded")
		d.copy("LeadId", "Name", "Name", "Email", "Email")
		d.copy("ContactId", "Name", "Name", "Email", "Email")
	}
	return d.out
}

// derivation collects derived values.
type derivation struct {
	*tx
	picks
	o     *row
	given []cell
	out   []cell
}

func (d *derivation) set(name string, value any) {
	if f := d.t.byName[strings.ToLower(name)]; f != nil {
		if value == "" {
			value = nil
		}
		d.out = append(d.out, cell{f.slot, value})
	}
}

// copy takes values over from the row that a reference points to: pairs of the field here and the field there.
func (d *derivation) copy(ref string, pairs ...string) {
	t, o := d.s.row(d.text(ref))
	if o == nil || o.cur == nil {
		return
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		d.set(pairs[i], o.cur.get(t.slot(pairs[i+1])))
	}
}

// wrote reports whether the field was among the values just written.
func (d *derivation) wrote(name string) bool {
	slot := d.t.slot(name)
	for _, c := range d.given {
		if c.slot == slot {
			return true
		}
	}
	return false
}

// moved reports whether the field differs from the row's state before.
func (d *derivation) moved(name string) bool {
	slot := d.t.slot(name)
	return d.o.cur == nil || d.o.cur.get(slot) != d.v.get(slot)
}

// closing sets a flag and, when it changes, the time of it.
func (d *derivation) closing(closed bool, flag, at string) {
	was := d.o.cur != nil && d.o.cur.get(d.t.slot(flag)) == true
	d.set(flag, closed)
	switch {
	case closed && !was:
		d.set(at, stamp(d.sec))
	case !closed:
		d.set(at, nil)
	}
}

// closes reports whether a status is a closed one by the object that lists them.
func (x *tx) closes(object, label string) bool {
	row := x.labelled(object, label)
	return row != nil && row.get(x.s.table(object).slot("IsClosed")) == true
}

// labelled returns the setup row with the label, or nil. There are about ten.
func (x *tx) labelled(object, label string) *version {
	t := x.s.table(object)
	for _, o := range t.rows {
		if o.cur.get(t.slot("MasterLabel")) == label {
			return o.cur
		}
	}
	return nil
}

// opportunity follows the stage: closed, won, forecast category and, unless it was written, the probability.
func (d *derivation) opportunity() {
	stages := d.s.table("OpportunityStage")
	probability := d.number("Probability")
	if stage := d.labelled("OpportunityStage", d.text("StageName")); stage != nil && d.moved("StageName") {
		for _, name := range []string{"IsClosed", "IsWon", "ForecastCategory", "ForecastCategoryName"} {
			d.set(name, stage.get(stages.slot(name)))
		}
		if !d.wrote("Probability") {
			probability, _ = stage.get(stages.slot("DefaultProbability")).(float64)
			d.set("Probability", probability)
		}
		if d.o.cur != nil {
			d.set("LastStageChangeDate", stamp(d.sec))
		}
	}
	if d.v.get(d.t.slot("Amount")) == nil {
		d.set("ExpectedRevenue", nil)
	} else {
		d.set("ExpectedRevenue", math.Round(d.number("Amount")*probability)/100)
	}
	if closing, ok := parseTime(d.text("CloseDate")); ok {
		d.set("FiscalYear", float64(closing.Year()))
		d.set("FiscalQuarter", float64((closing.Month()+2)/3))
	}
}

// account sets the account of an activity: that of what it is about, else that of the person.
func (d *derivation) account() {
	for _, name := range []string{"WhatId", "WhoId"} {
		id := d.text(name)
		t := d.s.byPrefix(id)
		if id == "" || t == nil {
			continue
		}
		if t.name == "Account" {
			d.set("AccountId", id)
			return
		}
		if o, f := t.find(id), t.byName["accountid"]; o != nil && f != nil && o.cur.get(f.slot) != nil {
			d.set("AccountId", o.cur.get(f.slot))
			return
		}
	}
}

// event keeps an event's start, end and length in step.
func (d *derivation) event() {
	start, ok := parseTime(d.text("StartDateTime"))
	if !ok {
		return
	}
	d.set("ActivityDateTime", start.Format(timeLayout))
	d.set("ActivityDate", start.Format("2006-01-02"))
	end, ok := parseTime(d.text("EndDateTime"))
	if !ok {
		return
	}
	d.set("DurationInMinutes", math.Round(end.Sub(start).Minutes()))
	d.set("EndDate", end.Format("2006-01-02"))
}
