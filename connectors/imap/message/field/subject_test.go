package field

import (
	"slices"
	"testing"
)

// Marks of many languages go, words that only look like them stay.
func TestTopic(t *testing.T) {
	for subject, want := range map[string]string{
		"Offer": "Offer", "Re: Offer": "Offer", "RE: AW: Fwd: Offer": "Offer", "Re[2]: Offer": "Offer", "Re (3): Offer": "Offer", "Re^2: Offer": "Offer", "re:Offer": "Offer",
		"SV: Offer": "Offer", "VS: Offer": "Offer", "Antw: Offer": "Offer", "RV: Offer": "Offer", "TR: Offer": "Offer", "Odp: Offer": "Offer", "YNT: Offer": "Offer", "Ответ: Offer": "Offer",
		"回复：Offer": "Offer", "转发: Offer": "Offer", "답장: Offer": "Offer", "תגובה: Offer": "Offer", "Σχετ: Offer": "Offer", "Re: [list] Offer": "[list] Offer", "Re : Offer": "Offer",
		"WG: Re: Angebot: neu": "Angebot: neu", "Offer (fwd)": "Offer", "Regarding: Offer": "Regarding: Offer", "Invoice: 12": "Invoice: 12", "Re": "Re", "Re:": "", "": "", "12:30 meeting": "12:30 meeting",
	} {
		if got := Topic(subject); got != want {
			t.Errorf("%q: got %q, want %q", subject, got, want)
		}
	}
}

func TestIDs(t *testing.T) {
	for value, want := range map[string][]string{
		"<a@b>":       {"a@b"},
		"<a@b> <c@d>": {"a@b", "c@d"}, "<a@b><c@d>": {"a@b", "c@d"}, "<a@b>,\r\n\t<c@d>": {"a@b", "c@d"}, "<a@ b>": {"a@b"},
		"Your message of Mon, 30 Nov 2026 <a@b>": {"a@b"}, "a@b c@d": {"a@b", "c@d"}, "your mail": nil, "your mail to ann@example.com": nil, "<a@b": {"a@b"}, "<>": nil, "<<a@b>>": {"a@b"}, "": nil,
	} {
		if got := IDs([]byte(value)); !slices.Equal(got, want) {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
	for value, want := range map[string]string{"<a@b>": "a@b", "a@b": "a@b", " <a@b> (comment)": "a@b", "<a\x00b@c>": "ab@c", "no brackets at all": "nobracketsatall", "": "", "<>": ""} {
		if got := ID([]byte(value)); got != want {
			t.Errorf("%q: got %q, want %q", value, got, want)
		}
	}
}
