package canonical

import "slices"

// ticketStatuses are what vendors call the status of a ticket, folded: Zendesk's statuses
// (https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/), the labels and ids of HubSpot's default
// pipeline, and the values of Case.Status that a Salesforce organization begins with.
var ticketStatuses = map[string]string{
	"new": "new", "open": "open", "pending": "pending", "hold": "on_hold", "onhold": "on_hold", "solved": "solved", "closed": "closed",
	"1": "new", "2": "pending", "3": "open", "4": "closed",
	"waitingoncontact": "pending", "waitingonus": "open",
	"working": "open", "escalated": "open",
	"inprogress": "open", "waiting": "pending", "waitingoncustomer": "pending", "resolved": "solved", "done": "closed",
}

// TicketStatus returns the status that a vendor's word for one means, and false when nobody said. escalated says that the
// word asks for haste too: Salesforce has no other mark for it.
func TicketStatus(word string) (status string, escalated, ok bool) {
	key := foldWord(word)
	status, ok = ticketStatuses[key]
	return status, key == "escalated", ok
}

// dealStatuses are what vendors call the status of a deal; ActiveCampaign writes numbers
// (https://developers.activecampaign.com/reference/deal).
var dealStatuses = map[string]string{"open": "open", "won": "won", "lost": "lost", "closedwon": "won", "closedlost": "lost",
	"0": "open", "1": "won", "2": "lost"}

// DealStatus is TicketStatus for deals: open, won or lost.
func DealStatus(word string) (status string, ok bool) {
	status, ok = dealStatuses[foldWord(word)]
	return status, ok
}

// ClassifyTickets is Classify for a pipeline of tickets, whose stages have the status that a ticket in them has: closed
// flags first, then what the vendor's word means, then new for the first stage and open for what follows.
func ClassifyTickets(stages []Stage) { classify(stages, statusOfStage) }

func statusOfStage(s Stage, at, _ int) string {
	if s.Closed {
		return "closed"
	}
	for _, text := range []string{s.Name, s.ID} {
		if status, _, ok := TicketStatus(text); ok && !slices.Contains([]string{"solved", "closed"}, status) {
			return status
		}
	}
	if at == 0 {
		return "new"
	}
	return "open"
}
