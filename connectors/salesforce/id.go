package salesforce

// A record's id has 15 characters, in which case matters, or 18: the same and a checksum, so that it can be compared
// without regard to case. The API answers with 18; reports, formulas, addresses and outbound messages may hold 15.
// https://developer.salesforce.com/docs/atlas.en-us.object_reference.meta/object_reference/field_types.htm

const (
	shortID = 15
	longID  = 18
)

const checksumLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"

// isID reports whether s has the form of an id of 15 or 18 characters.
func isID(s string) bool {
	if len(s) != shortID && len(s) != longID {
		return false
	}
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}

// long returns the id with 18 characters, and what is no id as it is. Of 18 characters the checksum is made anew: other
// systems keep ids in one case, and the first 15 characters are what counts.
func long(id string) string {
	if !isID(id) {
		return id
	}
	return id[:shortID] + checksum(id[:shortID])
}

// checksum returns three letters, one for each five characters: their capitals as bits, the first one lowest.
func checksum(id string) string {
	var sum [3]byte
	for part := range sum {
		bits := 0
		for i := range 5 {
			if c := id[part*5+i]; c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		sum[part] = checksumLetters[bits]
	}
	return string(sum[:])
}
