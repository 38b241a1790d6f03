package salesforce

import "strconv"

// Long makes an id of 15 characters one of 18, for tests.
var Long = long

func fmtFloat(f float64, form byte) string { return strconv.FormatFloat(f, form, -1, 64) }
