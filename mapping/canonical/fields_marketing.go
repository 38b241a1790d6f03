package canonical

// campaign is something sent or shown to many.
var campaign = []Def{
	{"name", Text, "", "Name."},
	{"kind", Enum, "", "Kind, as the source says."},
	{"channel", Text, "", "Channel."},
	{"subject", Text, "", "Subject."},
	{"status", Enum, "", "Status, as the source says."},
	{"starts_on", Date, "", "First day."},
	{"ends_on", Date, "", "Last day."},
	{"sent_at", Time, "", "When it was sent."},
	{"cost", Money, "", "What it cost."},
	{"budget", Money, "", "What it may cost."},
	{"audience", Ref, Audience, "To whom it was sent."},
	{"parent", Ref, Campaign, "The campaign it belongs to."},
	{"owner", Ref, Owner, "Who is responsible."},
	{"stats", Figures, "", "Figures the source reports."},
	{"tags", Strings, "", "Tags."},
	{"url", Text, "", "Page of the record at the vendor."},
}

// audience is a list of people, or a segment.
var audience = []Def{
	{"name", Text, "", "Name."},
	{"kind", Enum, "", "static or dynamic."},
	{"description", Long, "", "Who is in it."},
	{"size", Integer, "", "Number of people, as the source says."},
	{"url", Text, "", "Page of the record at the vendor."},
	{"created", Time, "", "When the source created it."},
}

// membership is one person's place in an audience or a campaign.
var membership = []Def{
	{"person", Ref, Person, "Who."},
	{"audience", Ref, Audience, "In which audience."},
	{"campaign", Ref, Campaign, "In which campaign."},
	{"status", Enum, "", "Status, as the source says."},
	{"responded", Bool, "", "Whether the person answered."},
	{"joined_at", Time, "", "When the person joined."},
	{"left_at", Time, "", "When the person left."},
	{"tags", Strings, "", "Tags."},
}

// consent is what one person agreed to be sent, from a source that keeps it as a record of its own; a source that
// keeps it on the person fills the person's consents.
var consent = []Def{
	{"person", Ref, Person, "Who."},
	{"email", Text, "", "The e-mail address it is about."},
	{"phone", Text, "", "The phone number it is about."},
	{"channel", Enum, "", "email, sms, phone, post or ads."},
	{"topic", Text, "", "List or topic; blank for everything."},
	{"audience", Ref, Audience, "The audience it is about."},
	{"status", Enum, "", "opted_in, pending, opted_out or never."},
	{"since", Time, "", "Since when."},
	{"reason", Text, "", "Why the person left."},
	{"lawful_basis", Enum, "", "What allows it."},
	{"evidence.at", Time, "", "When the person said so."},
	{"evidence.ip", Text, "", "From which network address."},
	{"evidence.source", Text, "", "Where: a form, a page, a call."},
	{"evidence.text", Long, "", "What the person agreed to."},
}
