package canonical

// names numbers the fields of the binary form. Only ever append: a number, once written to a ledger, means its field
// for ever. A field that is missing here is written with its name.
var names = [...]string{
	1: "name.full", 2: "name.given", 3: "name.family", 4: "emails", 5: "phones", 6: "title", 7: "company",
	8: "organization", 9: "address.street", 10: "address.locality", 11: "address.region", 12: "address.postcode",
	13: "address.country", 14: "language", 15: "lifecycle.stage", 16: "lead.status", 17: "owner", 18: "birthday",
	19: "acquisition.source", 20: "url", 21: "created", 22: "name", 23: "domains", 24: "website", 25: "industry",
	26: "employees", 27: "annual_revenue", 28: "description", 29: "parent", 30: "kind", 31: "amount", 32: "pipeline",
	33: "stage", 34: "status", 35: "probability", 36: "expected_close_on", 37: "closed_at", 38: "close_reason",
	39: "next_step", 40: "contacts", 41: "opened_at", 42: "subject", 43: "priority", 44: "category", 45: "channel",
	46: "assignee", 47: "email", 48: "active", 49: "object", 50: "stages",
	51: "addresses", 52: "identifiers", 53: "consents", 54: "lifecycle.entered", 55: "acquisition.latest_source",
	56: "requester", 57: "stage_history", 58: "name.middle", 59: "name.prefix", 60: "name.suffix", 61: "tags",
	62: "labels", 63: "online", 64: "affiliations", 65: "timezone", 66: "do_not_contact", 67: "last_activity_at",
	68: "notes", 69: "name.nick", 70: "name.order", 71: "name.script", 72: "name.localizations", 73: "gender",
	74: "demographics", 75: "lead.score", 76: "lead.converted_at", 77: "fit.icp", 78: "fit.authority",
	79: "acquisition.medium", 80: "acquisition.campaign", 81: "acquisition.first_touch", 82: "legal_name",
	83: "currency", 84: "region", 85: "manager", 86: "team", 87: "expected_amount", 88: "forecast", 89: "next_step_at",
	90: "roles", 91: "lead", 92: "lines", 93: "number", 94: "deal", 95: "occurred_at", 96: "recurring.interval",
	97: "recurring.mrr", 98: "product", 99: "metric", 100: "target", 101: "unit", 102: "filter", 103: "from", 104: "to",
	105: "campaign", 106: "status_history", 107: "submitter", 108: "followers", 109: "due_at", 110: "first_replied_at",
	111: "first_solved_at", 112: "solved_at", 113: "reopens", 114: "sla", 115: "satisfaction.score",
	116: "satisfaction.comment", 117: "satisfaction.at", 118: "metrics", 119: "brand", 120: "form", 121: "event",
	122: "direction", 123: "ended_at", 124: "duration_s", 125: "snippet", 126: "body", 127: "organizations",
	128: "participants", 129: "deals", 130: "tickets", 131: "location", 132: "thread", 133: "message_id",
	134: "outcome", 135: "score", 136: "automated", 137: "visibility", 138: "attachments", 139: "section",
	140: "due_on", 141: "completed_at", 142: "starts_on", 143: "ends_on", 144: "sent_at", 145: "cost", 146: "budget",
	147: "audience", 148: "stats", 149: "size", 150: "person", 151: "responded", 152: "joined_at", 153: "left_at",
	154: "phone", 155: "topic", 156: "since", 157: "reason", 158: "lawful_basis", 159: "evidence.at",
	160: "evidence.ip", 161: "evidence.source", 162: "evidence.text",
}

var codes = func() map[string]int {
	m := make(map[string]int, len(names))
	for code, name := range names {
		if name != "" {
			m[name] = code
		}
	}
	return m
}()

func codeOfName(name string) int { return codes[name] }

func nameOfCode(code uint64) string {
	if code >= uint64(len(names)) {
		return ""
	}
	return names[code]
}

// codeOfKind numbers the kinds by their place in Kinds, which only ever grows at its end.
func codeOfKind(k Kind) byte {
	for i, known := range kinds {
		if known == k {
			return byte(i + 1)
		}
	}
	return 0
}

func kindOfCode(code byte) Kind {
	if code == 0 || int(code) > len(kinds) {
		return ""
	}
	return kinds[code-1]
}
