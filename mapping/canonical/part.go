package canonical

// Part declares one member of the elements of a list type, or of the entries of Localizations. Parts have a type of
// one value, or Strings.
type Part struct {
	Name string
	Type Type
	To   Kind // of a Ref; "" for one of several kinds
	// Only are the values an Enum is limited to; nil for any.
	Only []string
	// Mark says that the part only describes the others: an element with nothing but marks is none.
	Mark bool
	// Every says that an element without the part speaks of all there are: it says more than one that has it.
	Every bool
	Help  string
}

// parts declares the types that are made of parts. What it has may only grow; the order is that of the normal form.
var parts = map[Type][]Part{
	Addresses: {
		{Name: "type", Type: Enum, Mark: true, Help: "work, home, billing, shipping, mailing, primary or other."},
		{Name: "lines", Type: Strings, Help: "Street and number, and what else stands above the city."},
		{Name: "locality", Type: Text, Help: "City."},
		{Name: "region", Type: Region, Help: "State or region, ISO 3166-2 when the source says so."},
		{Name: "postcode", Type: Text, Help: "Postal code."},
		{Name: "country", Type: Country, Help: "Country, ISO 3166-1 alpha-2."},
		{Name: "formatted", Type: Long, Help: "The address as one writes it, or what of it has no other place."},
	},
	Identifiers: {
		{Name: "scheme", Type: Enum, Mark: true, Help: "vat, lei, duns, company_no, or the name of another system."},
		{Name: "value", Type: Text, Help: "The number."},
	},
	Accounts: {
		{Name: "service", Type: Enum, Mark: true, Help: "linkedin, x, wechat, line and so on."},
		{Name: "handle", Type: Text, Help: "Name at the service."},
		{Name: "url", Type: Text, Help: "Page at the service."},
	},
	Affiliations: {
		{Name: "organization", Type: Ref, To: Organization, Help: "The organization."},
		{Name: "name", Type: Text, Help: "Its name, when no record is linked."},
		{Name: "title", Type: Text, Help: "Job title there."},
		{Name: "department", Type: Text, Help: "Department."},
		{Name: "role", Type: Enum, Only: []string{"decision_maker", "influencer", "user", "billing", "other"}, Help: "What the person decides."},
		{Name: "primary", Type: Bool, Mark: true, Help: "The main one."},
		{Name: "from", Type: Date, Help: "First day."},
		{Name: "to", Type: Date, Help: "Last day."},
		{Name: "manager", Type: Ref, To: Person, Help: "To whom the person reports."},
	},
	Roles: {
		{Name: "person", Type: Ref, To: Person, Help: "Who."},
		{Name: "role", Type: Enum, Mark: true, Help: "decision_maker, influencer and so on, as the source says."},
		{Name: "primary", Type: Bool, Mark: true, Help: "The main one."},
	},
	Moves: {
		{Name: "stage", Type: Text, Help: "Id of the stage, or the status."},
		{Name: "kind", Type: Enum, Mark: true, Help: "What reports across vendors call it."},
		{Name: "entered_at", Type: Time, Help: "When it began."},
		{Name: "left_at", Type: Time, Help: "When it ended."},
		{Name: "by", Type: Ref, To: Owner, Mark: true, Help: "Who moved it there."},
	},
	Lines: {
		{Name: "product", Type: Text, Help: "What."},
		{Name: "quantity", Type: Decimal, Help: "How many."},
		{Name: "price", Type: Money, Help: "Price of one."},
		{Name: "amount", Type: Money, Help: "Price of all."},
	},
	Promises: {
		{Name: "metric", Type: Enum, Help: "first_reply, next_reply, resolution and so on."},
		{Name: "policy", Type: Text, Mark: true, Help: "Which agreement."},
		{Name: "due_at", Type: Time, Help: "When it is due."},
		{Name: "met_at", Type: Time, Help: "When it was met."},
		{Name: "breached", Type: Bool, Help: "It was not met in time."},
	},
	Participants: {
		{Name: "role", Type: Enum, Mark: true, Help: "from, to, cc, bcc, sender, reply_to, host, attendee and so on."},
		{Name: "ref", Type: Ref, Help: "The person's or owner's record."},
		{Name: "address", Type: Text, Help: "E-mail address or phone number, when no record is linked."},
		{Name: "name", Type: Text, Help: "Name, as the source writes it."},
	},
	Files: {
		{Name: "name", Type: Text, Help: "Name of the file."},
		{Name: "type", Type: Text, Mark: true, Help: "Media type."},
		{Name: "size", Type: Integer, Help: "Size in bytes."},
		{Name: "sha256", Type: Text, Help: "Hash of the content."},
		{Name: "url", Type: Text, Help: "Where it is."},
	},
	Permissions: {
		{Name: "channel", Type: Enum, Mark: true, Only: choices[Consent]["channel"], Help: "email, sms, phone, post or ads."},
		{Name: "topic", Type: Text, Mark: true, Every: true, Help: "List or topic; blank for everything."},
		{Name: "status", Type: Enum, Only: choices[Consent]["status"], Help: "opted_in, pending, opted_out or never."},
		{Name: "since", Type: Time, Mark: true, Help: "Since when."},
		{Name: "lawful_basis", Type: Enum, Mark: true, Help: "What allows it."},
		{Name: "source", Type: Text, Mark: true, Help: "Where the person said so."},
		{Name: "reason", Type: Text, Mark: true, Help: "Why the person left."},
		{Name: "evidence", Type: Text, Mark: true, Help: "What proves it: a form, a text, an address of the network."},
	},
	Localizations: {
		{Name: "full", Type: Text, Help: "Name as one writes it."},
		{Name: "given", Type: Text, Help: "Given name."},
		{Name: "family", Type: Text, Help: "Family name."},
		{Name: "middle", Type: Text, Help: "Middle names."},
		{Name: "prefix", Type: Text, Help: "What stands before the name."},
		{Name: "suffix", Type: Text, Help: "What stands after it."},
		{Name: "script", Type: Script, Mark: true, Help: "Script, ISO 15924."},
	},
}

// Parts returns the members of a type that is made of parts, in the order of the normal form; nil for any other type.
// Do not change it.
func Parts(t Type) []Part { return parts[t] }
