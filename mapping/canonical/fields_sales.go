package canonical

// deal is an opportunity to sell something.
var deal = []Def{
	{"name", Text, "", "Name."},
	{"description", Long, "", "Description."},
	{"kind", Enum, "", "new, renewal, upsell, cross_sell, or what the source says: vendors let people edit the list."},
	{"amount", Money, "", "Amount."},
	{"expected_amount", Money, "", "Amount weighted by the probability, as the source says."},
	{"forecast", Enum, "", "Forecast category the source claims."},
	{"pipeline", Ref, Pipeline, "The pipeline the deal is in."},
	{"stage", Text, "", "Id of the stage within the pipeline."},
	{"stage_history", Moves, "", "The stages the deal has been in, as the source says."},
	{"status", Enum, "", "open, won or lost."},
	{"probability", Decimal, "", "Probability of winning, 0 to 1."},
	{"expected_close_on", Date, "", "When it is expected to close."},
	{"closed_at", Time, "", "When it was closed."},
	{"close_reason", Text, "", "Why it was won or lost."},
	{"next_step", Text, "", "The next step, as the source says."},
	{"next_step_at", Time, "", "When the next step is due."},
	{"organization", Ref, Organization, "The organization that would buy."},
	{"contacts", Refs, Person, "The people involved."},
	{"roles", Roles, "", "What the people involved have to say in it."},
	{"lead", Ref, Person, "The lead the deal was made from."},
	{"owner", Ref, Owner, "Who sells."},
	{"team", Text, "", "Team that sells."},
	{"lines", Lines, "", "What would be sold."},
	{"acquisition.source", Text, "", "Where the deal came from."},
	{"acquisition.medium", Text, "", "By which medium."},
	{"acquisition.campaign", Ref, Campaign, "The campaign that brought it."},
	{"acquisition.latest_source", Text, "", "Where it came from the last time."},
	{"last_activity_at", Time, "", "When something last happened, as the source says."},
	{"tags", Strings, "", "Tags."},
	{"labels", Texts, "", "Named labels."},
	{"url", Text, "", "Page of the record at the vendor."},
	{"opened_at", Time, "", "When it was opened."},
}

// pipeline is the way of deals or tickets through their stages.
var pipeline = []Def{
	{"name", Text, "", "Name."},
	{"object", Enum, "", "deal or ticket."},
	{"stages", Stages, "", "The stages, in order."},
}

// transaction is an order, an invoice, a payment or a change of a subscription.
var transaction = []Def{
	{"kind", Enum, "", "order, invoice, payment, refund, subscription_start, renewal or cancel."},
	{"number", Text, "", "Number of the order or invoice."},
	{"status", Enum, "", "Status, as the source says."},
	{"contacts", Refs, Person, "Who bought."},
	{"organization", Ref, Organization, "The organization that bought."},
	{"deal", Ref, Deal, "The deal that led to it."},
	{"amount", Money, "", "Amount."},
	{"occurred_at", Time, "", "When it happened."},
	{"recurring.interval", Enum, "", "day, week, month, quarter or year."},
	{"recurring.mrr", Money, "", "Monthly recurring revenue."},
	{"product", Text, "", "What was bought."},
	{"lines", Lines, "", "What was bought, line by line."},
	{"tags", Strings, "", "Tags."},
	{"url", Text, "", "Page of the record at the vendor."},
}

// goal is what a team wants to reach.
var goal = []Def{
	{"name", Text, "", "Name."},
	{"metric", Enum, "", "The figure that is measured."},
	{"target", Decimal, "", "What it shall be."},
	{"unit", Text, "", "Unit of the target: a currency, people, days."},
	{"owner", Ref, Owner, "Whose goal it is."},
	{"team", Text, "", "Team whose goal it is."},
	{"filter", Text, "", "What is counted, as an expression."},
	{"from", Date, "", "First day."},
	{"to", Date, "", "Day after the last."},
}

// spend is what marketing or sales cost.
var spend = []Def{
	{"kind", Enum, "", "marketing or sales."},
	{"channel", Text, "", "Channel."},
	{"campaign", Ref, Campaign, "Campaign."},
	{"amount", Money, "", "Amount."},
	{"from", Date, "", "First day."},
	{"to", Date, "", "Day after the last."},
}
