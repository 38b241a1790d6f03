package text

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestHTML(t *testing.T) {
	for name, c := range map[string]struct{ page, want string }{
		"paragraphs":      {"<p>a</p><p>b</p>", "a\n\nb"},
		"breaks":          {"a<br>b<br><br>c<br/>d", "a\nb\n\nc\nd"},
		"white space":     {"  a \n\t b<b> c</b>d  ", "a b cd"},
		"Outlook":         {"<div class=WordSection1><p class=MsoNormal>Hi Ann,<o:p></o:p></p><p class=MsoNormal><o:p>&nbsp;</o:p></p><p class=MsoNormal>yes.</p></div>", "Hi Ann,\n\n \n\nyes."},
		"Gmail":           {`<div dir="ltr">Hi<div><br></div><div>yes</div></div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon Ann wrote:<br></div><blockquote>old</blockquote></div>`, "Hi\n\nyes\n\n>> On Mon Ann wrote:\n\n>> old"},
		"entities":        {"&lt;b&gt; &amp; &euro; &#8364; &nosuch;", "<b> & € € &nosuch;"},
		"hidden":          {"<html><head><title>t</title><style>p{}</style></head><body><script>x()</script>a<template>b</template></body>", "a"},
		"preheader":       {`<div style="display: none; max-height:0">Preview</div><span class="preheader">more</span>Hello`, "Hello"},
		"mso-hide":        {`<span style="mso-hide:all">x</span><p hidden>y</p><i style="font-size:0px">z</i>a`, "a"},
		"hidden forever":  {`<div style="display:none">all there is`, "all there is"},
		"comments":        {"a<!-- b --><!--[if mso]>c<![endif]-->d", "ad"},
		"table":           {"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a b\nc d"},
		"list":            {"<ul><li>a</li><li>b</li></ul>", "• a\n• b"},
		"pre":             {"<pre>a\n  b</pre>", "a\n  b"},
		"quote":           {"new<blockquote>old<blockquote>older</blockquote></blockquote>", "new\n\n> old\n\n>> older"},
		"links":           {`<a href="https://x.example">x</a><img src=y alt="no">`, "x"},
		"broken":          {"<p>a<b>b</p></i>c</div", "ab\n\nc"},
		"not closed":      {"a<b", "a"},
		"angle":           {"1 < 2 and 3 > 2", "1 < 2 and 3 > 2"},
		"hidden in order": {`<div hidden>a</div></div></div>b`, "b"},
		"nothing":         {"", ""},
	} {
		if got := strings.TrimSpace(HTML([]byte(c.page))); got != strings.TrimSpace(c.want) {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// Pages that are made to hurt are read in time and room that grow with their length.
func TestHTMLIsBounded(t *testing.T) {
	for name, page := range map[string]string{
		"deep": strings.Repeat("<div>", 200_000) + "a", "quotes": strings.Repeat("<blockquote>a", 50_000), "formatting": strings.Repeat("<b><i><a>", 60_000),
		"ends": strings.Repeat("</p>", 200_000), "open then ends": strings.Repeat("<i>", 600) + strings.Repeat("</b>", 100_000), "attributes": "<p " + strings.Repeat("a=b ", 100_000) + ">x",
		"breaks": strings.Repeat("<br>", 200_000) + "a", "tag without end": "<p" + strings.Repeat("x", 500_000), "entities": strings.Repeat("&amp", 100_000),
	} {
		if got := HTML([]byte(page)); len(got) > 12*len(page) {
			t.Errorf("%s: %d bytes became %d", name, len(page), len(got))
		}
	}
}

// Elements that are never closed, or closed and never opened, take no time that grows with the square of their number: without
// the bound, this takes a minute.
func TestOpenElementsAreBounded(t *testing.T) {
	began := time.Now()
	for range 20 {
		HTML([]byte(strings.Repeat("<i>", 50_000) + strings.Repeat("</b>", 50_000)))
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Errorf("took %v", d)
	}
}

// The examples of RFC 3676 4.2 to 4.5, and quoted-printable's soft spaces.
func TestFlowed(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		delSp bool
		want  string
	}{
		"a paragraph":    {"`Take some more tea,' the March Hare said to \r\nAlice, very earnestly.\r\n\r\n`I've had nothing yet,'", false, "`Take some more tea,' the March Hare said to Alice, very earnestly.\n\n`I've had nothing yet,'"},
		"quoted":         {"> a \n> b\n>> c \n>> d", false, "> a b\n>> c d"},
		"depth differs":  {"> a \n>> b", false, "> a \n>> b"},
		"space stuffed":  {" From here\n > not quoted", false, "From here\n> not quoted"},
		"delsp":          {"日本 \n語", true, "日本語"},
		"signature":      {"a\n-- \nb", false, "a\n-- \nb"},
		"not by the end": {"a \n-- \nb", false, "a \n-- \nb"},
	} {
		if got := Flowed(c.text, c.delSp); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

func TestSnippet(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"plain":                {"Hello Ann,\n\nyes.", "Hello Ann, yes."},
		"quoted below":         {"Yes.\n\nOn Mon, Nov 30, 2026 at 9:00 AM Ann <ann@x.example> wrote:\n> Do you?\n> Ann", "Yes."},
		"wrapped announcement": {"Yes.\n\nOn Mon, Nov 30, 2026 at 9:00 AM Ann Lee the Third\n<ann@x.example> wrote:\n\n> Do you?", "Yes."},
		"German":               {"Ja.\n\nAm 30.11.26 um 09:00 schrieb Ann:\n> Nein?", "Ja."},
		"Japanese":             {"はい。\n\n2026年11月30日(月) 9:00 Ann <ann@x.example>:\n> ですか", "はい。"},
		"without marks":        {"Yes.\n\nOn 30 Nov 2026 Ann wrote:\n\nDo you?", "Yes."},
		"between quotes":       {"> One?\nYes.\n> Two?\nNo.", "Yes. No."},
		"Outlook":              {"Yes.\n\nFrom: Ann <ann@x.example>\nSent: Monday\nTo: Ben\nSubject: x\n\nDo you?", "Yes."},
		"Outlook, German":      {"Ja.\n\n________________________________\nVon: Ann\nGesendet: Montag\nAn: Ben\n\nNein?", "Ja."},
		"Outlook, bold":        {"Oui.\n\n*De :* Ann\n*Envoyé :* lundi\n\nNon ?", "Oui."},
		"original message":     {"Yes.\n\n-----Original Message-----\nFrom: Ann\n\nDo you?", "Yes."},
		"signature":            {"Yes.\n-- \nAnn Lee\n+1 555", "Yes."},
		"telephone":            {"Yes.\n\nSent from my iPhone", "Yes."},
		"all quoted":           {"> Do you?", "> Do you?"},
		"forwarded":            {"---------- Forwarded message ---------\nFrom: Ann\n\nDo you?", "---------- Forwarded message --------- From: Ann Do you?"},
		"from in a sentence":   {"From: here to there.\nIt is far.", "From: here to there. It is far."},
		"colon in a sentence":  {"These are open:\n\n- one\n- two", "These are open: - one - two"},
		"filler":               {"Sale\u034f \u034f \u200b\u00ad now", "Sale now"},
		"Persian joiner stays": {"می\u200cخواهم", "می\u200cخواهم"},
		"nothing":              {"", ""},
		"a rule":               {"a\n____________________________\nb", "a ____________________________ b"},
	} {
		if got := Snippet(c.body, 100); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}

// A snippet is cut between characters, at a space when there is one near.
func TestSnippetIsCut(t *testing.T) {
	for _, word := range []string{"word ", "日本語", "👩‍👩‍👧", "é́", "wordwithoutanend"} {
		got := Snippet(strings.Repeat(word, 1000), 300)
		if n := utf8.RuneCountInString(got); n > 301 || n < 250 || !utf8.ValidString(got) || !strings.HasSuffix(got, "…") {
			t.Errorf("%q: got %d characters: %q", word, n, got)
		}
	}
}

func TestClean(t *testing.T) {
	for text, want := range map[string]string{
		"a\r\nb": "a\nb", "a  \nb\t": "a\nb", "\n\na\n\n\n\n\nb\n\n": "a\n\n\nb", "a\x00b\x1b[31mc\x7f": "ab[31mc", "a\rb": "a\nb", "a\fb": "a\nb", "\ufeffa": "a",
		"\u202eabc": "\u202eabc", "a\tb": "a\tb", "": "", "\x00": "",
	} {
		if got := Clean(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
