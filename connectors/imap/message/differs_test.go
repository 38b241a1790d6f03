package message

// differs are the mails of the corpus in which we and Python's email package differ, in what, and why.
var differs = map[string]map[string]string{
	"addresses":               {"cc": "Python does not take a name from a comment"},
	"addresses-broken":        {"from": "Python makes one local part of a name and an address", "to": "Python drops what stands after a broken bracket"},
	"alternative-empty-plain": {"text": "the plain part says nothing, so the other one counts"},
	"attachments":             {"files": "Python keeps folders in names, stops where base64 is padded and writes an attached mail anew"},
	"bare-jis":                {"subject": "Python does not look for bare ISO-2022-JP", "from": "Python does not look for bare ISO-2022-JP"},
	"bare-koi8":               {"subject": "Python shows bare bytes as U+FFFD", "from": "Python shows bare bytes as U+FFFD"},
	"bare-latin1":             {"subject": "Python shows bare bytes as U+FFFD", "cc": "Python shows bare bytes as U+FFFD", "text": "Python shows bare bytes as U+FFFD"},
	"bounce-delayed":          {"from": "Python does not take a name from a comment"},
	"bounce-dsn":              {"from": "Python does not take a name from a comment", "files": "the headers of the returned mail are no file to us"},
	"charset-cp850":           {"failed": "Python does not know this alias"},
	"charset-shift_jis":       {"failed": "Python does not know this alias"},
	"charset-tis-620":         {"failed": "Python does not know this alias"},
	"controls":                {"text": "Python takes text without a charset for ASCII"},
	"date-comment":            {"date": "Python does not know comments in comments"},
	"header-broken":           {"cc": "Python ends the header at a line that is no field", "text": "Python ends the header at a line that is no field"},
	"latin1-called-utf8":      {"text": "Python believes the label"},
	"list-rewritten":          {"reply-to": "X-Original-From is the answer address of a list of Google"},
	"no-boundary":             {"files": "Python does not guess a boundary"},
	"offer":                   {"from": "Python puts a space between encoded words of a name", "to": "Python drops a name with a comma", "cc": "Python shows UTF-8 as U+FFFD", "date": "Python does not know CET"},
	"split-characters":        {"from": "Python decodes each encoded word of a name alone"},
	"unknown-charset":         {"failed": "Python gives up on the text"},
	"utf8-headers":            {"from": "Python takes bytes for ASCII and shows UTF-8 as U+FFFD", "to": "Python takes bytes for ASCII and shows UTF-8 as U+FFFD", "cc": "Python takes bytes for ASCII and shows UTF-8 as U+FFFD"},
	"uuencode-inline":         {"files": "Python does not look for uuencoded files in text", "text": "Python does not look for uuencoded files in text"},
	"wrong-label":             {"subject": "Python believes the label", "text": "Python believes the label"},
}
