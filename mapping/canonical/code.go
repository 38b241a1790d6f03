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
