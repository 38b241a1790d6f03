// Package lifecycle says how far somebody has come with us: from visitor to advocate. It derives one state from all
// evidence there is (what sources claim and claimed, deals, transactions, tickets, interactions, fit), and from the state
// the views that teams use: category, temperature, journey and the cycle of customer relations.
//
// # The ladder
//
//	visitor 0 < subscriber 10 < lead 20 < prospect 25 < mql 30 < sql 40 < opportunity 50 < customer 60
//	< repeat_customer 65 < advocate 70; a team adds stages of its own with a rank between
//
// The stage is the highest that any evidence speaks for, so it goes forward only. It goes back when the evidence goes (the
// only record that said so is deleted), when a person says so (Evidence.Manual), and, where Settings.Churn asks for it,
// when a customer has not bought for that long. disqualified, former_customer, partner and other are beside the ladder.
// When a stage was entered is the time of its earliest evidence; a stage that nothing speaks for was not entered, even
// when a later one was, so that funnels count what happened.
//
// # The file
//
// A team's own decisions stand in one file, which the configuration names; all keys are optional:
//
//	version: 1
//	ladder: {evaluation: 45}                       # stages of your own, with a rank from 0 to 100
//	words:                                         # what your tools' stages mean; * is any connection
//	  "*": {evaluating: evaluation}
//	  hs-main: {"1429384": sql}
//	statuses: {sf-prod: {Nurture: mql}}            # what lead statuses mean
//	options: {hs-main: [lead, "77", customer]}     # the portal's options in their order: 77 is placed between its neighbours
//	score: 80                                      # a lead score from here on makes an mql
//	active: 365d                                   # how long after a purchase a customer counts as active
//	churn: 730d                                    # who bought nothing for so long is a former customer; never when left out
//	requesters_are_customers: [zd-main]            # a ticket there proves a customer
//	outreach: true                                 # an outbound call or meeting of an owner makes an sql
//	inbound: true                                  # a mail from outside makes a lead
//	zone: Europe/Zagreb                            # in which days are counted; UTC when left out
//	stages: {hs-main: {appointmentscheduled: proposal}}   # kinds of pipeline stages, by their ids
//	categories:                                    # read by package mapping/work
//	  - {name: vip, for: organization, when: organization.lifecycle.rank >= 60}
//
// # What it does not do
//
// It is pure: it reads no ledger, no clock and no file. Who gathers the evidence of an entity is package mapping/work;
// histories are kept by router/ledger.
package lifecycle
