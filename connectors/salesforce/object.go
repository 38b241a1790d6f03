package salesforce

import (
	"slices"

	"github.com/millrace/millrace/connectors"
)

// object is what one stream reads. Its name is the stream's, and the Object of its records' refs.
type object struct {
	name    string
	sobject string // Salesforce's own kind of object
	where   string // which of its rows the stream has; "" = all
	help    string
	// children are rows of other objects that a record carries. A Bulk query cannot read them.
	children []child
	person   bool // asks for the contact behind a person account
}

// child is a list of rows that belong to a record.
type child struct {
	sobject string
	fields  []string
	where   string
	instead string // read only when this other object cannot be
	usual   string // with instead: the name that a query uses
}

// Tasks are to-dos and also what happened: calls and e-mails that somebody logged. TaskSubtype says which, and cannot be
// changed after creation, so that a row never moves between the two streams.
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/sforce_api_objects_task.htm
const (
	happened = "TaskSubtype IN ('Call','Email','ListEmail')"
	toDo     = "(TaskSubtype = null OR TaskSubtype NOT IN ('Call','Email','ListEmail'))"
)

// The streams that are not one sObject's rows.
const (
	rolesStream  = "OpportunityContactRole"
	stagesStream = "OpportunityStage"
	statusStream = "CaseStatus"
	opportunity  = "Opportunity"
)

// objects are the kinds that are read unless the settings say otherwise.
var objects = []object{
	{name: "Account", sobject: "Account", help: "Companies. Rows of person accounts are filtered: their contacts carry the person."},
	{name: "Contact", sobject: "Contact", help: "People."},
	{name: "Lead", sobject: "Lead", help: "People who are not yet contacts; a converted one is joined with its contact."},
	{name: opportunity, sobject: opportunity, person: true, help: "Deals, with their contact roles and stage history.", children: []child{
		{sobject: rolesStream, fields: []string{"Id", "ContactId", "Role", "IsPrimary", "CreatedDate"}, where: "IsDeleted = false"},
		{sobject: "OpportunityHistory", fields: []string{"Id", "StageName", "CreatedDate", "CreatedById"}, where: "IsDeleted = false"},
		{sobject: "OpportunityFieldHistory", fields: []string{"Id", "Field", "OldValue", "NewValue", "CreatedDate", "CreatedById"},
			where: "Field = 'StageName' AND IsDeleted = false", instead: "OpportunityHistory", usual: "Histories"},
	}},
	{name: "Case", sobject: "Case", help: "Support tickets."},
	{name: "CaseComment", sobject: "CaseComment", help: "Comments on cases."},
	{name: "Task", sobject: "Task", where: toDo, help: "To-dos."},
	{name: "Activity", sobject: "Task", where: happened, help: "Logged calls and e-mails: tasks of the subtypes Call, Email and ListEmail."},
	{name: "Event", sobject: "Event", help: "Meetings."},
	{name: "Campaign", sobject: "Campaign", help: "Campaigns."},
	{name: "CampaignMember", sobject: "CampaignMember", help: "Who takes part in a campaign, and how."},
	{name: "User", sobject: "User", help: "Users who own records, inactive ones included."},
}

// special are the streams with a reading of their own.
var special = []connectors.StreamDoc{
	{Name: rolesStream, Help: "Changed contact roles; the records are the opportunities, read again."},
	{Name: stagesStream, Help: "The stages of opportunities, as one pipeline."},
	{Name: statusStream, Help: "The statuses of cases, as one pipeline."},
}

// allStreams are the names of the streams that every organization has.
var allStreams = func() []string {
	var list []string
	for _, d := range streamDocs() {
		list = append(list, d.Name)
	}
	return list
}()

func streamDocs() []connectors.StreamDoc {
	var list []connectors.StreamDoc
	for _, o := range objects {
		list = append(list, connectors.StreamDoc{Name: o.name, Help: o.help})
		if o.name == opportunity {
			list = append(list, special[:2]...)
		}
		if o.name == "CaseComment" {
			list = append(list, special[2])
		}
	}
	return list
}

// objectsOf returns the configured objects: those of the streams, and the custom ones.
func objectsOf(streams, custom []string) []object {
	list := slices.DeleteFunc(slices.Clone(objects), func(o object) bool { return !slices.Contains(streams, o.name) })
	for _, name := range custom {
		if !slices.ContainsFunc(list, func(o object) bool { return o.name == name }) {
			list = append(list, object{name: name, sobject: name, help: "A custom object."})
		}
	}
	return list
}

// object returns what a stream reads, false for a stream that is not configured or has a reading of its own.
func (a *account) object(name string) (object, bool) {
	i := slices.IndexFunc(a.objects, func(o object) bool { return o.name == name })
	if i < 0 {
		return object{}, false
	}
	return a.objects[i], true
}

// named returns the objects that rows of an sObject may be of.
func (a *account) named(sobject string) []object {
	return slices.DeleteFunc(slices.Clone(a.objects), func(o object) bool { return o.sobject != sobject })
}
