package text

import (
	"bytes"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// hidden are elements whose content nobody sees.
var hidden = map[atom.Atom]bool{atom.Style: true, atom.Script: true, atom.Head: true, atom.Title: true, atom.Template: true, atom.Noscript: true, atom.Object: true,
	atom.Iframe: true, atom.Select: true, atom.Svg: true, atom.Textarea: true, atom.Noembed: true, atom.Noframes: true}

// breaks are elements that begin a line; those of value 2 a paragraph.
var breaks = map[atom.Atom]int{atom.P: 2, atom.H1: 2, atom.H2: 2, atom.H3: 2, atom.H4: 2, atom.H5: 2, atom.H6: 2, atom.Ul: 2, atom.Ol: 2, atom.Dl: 2, atom.Pre: 2,
	atom.Blockquote: 2, atom.Table: 2, atom.Div: 1, atom.Br: 1, atom.Tr: 1, atom.Li: 1, atom.Dt: 1, atom.Dd: 1, atom.Hr: 1, atom.Section: 1, atom.Article: 1, atom.Header: 1,
	atom.Footer: 1, atom.Center: 1, atom.Address: 1, atom.Caption: 1, atom.Form: 1, atom.Body: 1, atom.Aside: 1, atom.Main: 1, atom.Nav: 1}

// void are elements without content, and so without an end.
var void = map[atom.Atom]bool{atom.Br: true, atom.Hr: true, atom.Img: true, atom.Input: true, atom.Meta: true, atom.Link: true, atom.Area: true, atom.Base: true,
	atom.Col: true, atom.Embed: true, atom.Source: true, atom.Track: true, atom.Wbr: true, atom.Param: true}

// HTML returns the text of a page as one reads it: without what is hidden, in lines and paragraphs, quotations marked with
// "> " as in plain text, so that a snippet leaves them out too.
func HTML(page []byte) string {
	s := convert(page, true)
	if strings.TrimSpace(s) == "" { // something hidden was never closed
		s = convert(page, false)
	}
	return s
}

// maxOpen is how many elements are remembered as open; what is deeper is shown.
const maxOpen = 128

// converter writes the text of tokens as they come: no tree is built, so that no page can make it large.
type converter struct {
	out     strings.Builder
	hide    bool // elements that are hidden are left out
	open    []element
	quotes  int // quotations that are open
	unseen  int // hidden elements that are open
	pre     int
	newline int // line ends that are owed before the next text
	space   bool
	begun   bool // the line has text
}

type element struct {
	name          atom.Atom
	quote, unseen bool
}

func convert(page []byte, hide bool) string {
	c := converter{hide: hide}
	z := html.NewTokenizer(bytes.NewReader(page))
	z.SetMaxBuf(len(page) + 1)
	for {
		switch z.Next() {
		case html.ErrorToken:
			return c.out.String()
		case html.TextToken:
			c.text(string(z.Text()))
		case html.StartTagToken:
			c.start(z, false)
		case html.SelfClosingTagToken:
			c.start(z, true)
		case html.EndTagToken:
			name, _ := z.TagName()
			c.end(atom.Lookup(name))
		}
	}
}

// start opens an element.
func (c *converter) start(z *html.Tokenizer, closed bool) {
	raw, more := z.TagName()
	e := element{name: atom.Lookup(raw)}
	e.unseen = hidden[e.name]
	e.quote = e.name == atom.Blockquote
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		e.attribute(string(key), string(value))
	}
	c.breakLine(e.name)
	if e.name == atom.Td || e.name == atom.Th {
		c.space = true
	}
	if e.name == atom.Li && c.unseen == 0 {
		c.text("• ")
	}
	if closed && void[e.name] || void[e.name] || len(c.open) == maxOpen {
		return
	}
	c.open = append(c.open, e)
	c.count(e, 1)
}

// attribute sees what hides an element or makes a quotation of it. An address list of Outlook's in front of what is quoted
// is told by its headings, see Snippet.
func (e *element) attribute(key, value string) {
	switch key {
	case "hidden":
		e.unseen = true
	case "style":
		e.unseen = e.unseen || unseen(value)
	case "class":
		lower := strings.ToLower(value)
		e.unseen = e.unseen || strings.Contains(lower, "preheader") || strings.Contains(lower, "preview-text")
		e.quote = e.quote || strings.Contains(lower, "gmail_quote") || strings.Contains(lower, "yahoo_quoted") || strings.Contains(lower, "moz-cite-prefix") ||
			strings.Contains(lower, "protonmail_quote") || strings.Contains(lower, "gmail_attr")
	}
}

// unseen reports whether a style hides an element.
func unseen(style string) bool {
	style = strings.ToLower(strings.Join(strings.Fields(style), ""))
	for _, way := range []string{"display:none", "visibility:hidden", "mso-hide:all", "font-size:0;", "font-size:0px", "max-height:0;", "max-height:0px;opacity:0", "opacity:0;"} {
		if strings.Contains(style+";", way) {
			return true
		}
	}
	return false
}

// count notes that an element opened (1) or closed (-1).
func (c *converter) count(e element, by int) {
	if e.unseen && c.hide {
		c.unseen += by
	}
	if e.quote {
		c.quotes += by
		c.newline = max(c.newline, 1)
	}
	if e.name == atom.Pre {
		c.pre += by
	}
}

// end closes the innermost element of a name and all that is open in it. One that is not open closes nothing.
func (c *converter) end(name atom.Atom) {
	if name == 0 {
		return
	}
	c.breakLine(name)
	for i := len(c.open) - 1; i >= 0; i-- {
		if c.open[i].name != name {
			continue
		}
		for _, e := range c.open[i:] {
			c.count(e, -1)
		}
		c.open = c.open[:i]
		return
	}
}

// breakLine owes the line ends of an element. A second br makes an empty line.
func (c *converter) breakLine(name atom.Atom) {
	n := breaks[name]
	if n == 0 || c.unseen > 0 {
		return
	}
	if name == atom.Br {
		c.newline = min(c.newline+1, 2)
		return
	}
	c.newline = max(c.newline, n)
}

// text writes text, its white space as browsers show it.
func (c *converter) text(s string) {
	if c.unseen > 0 {
		return
	}
	if c.pre > 0 {
		for i, line := range strings.Split(s, "\n") {
			if i > 0 {
				c.newline++
			}
			c.write(line)
		}
		return
	}
	for i, w := range strings.FieldsFunc(s, white) {
		c.space = c.space || i > 0 || white(rune(s[0]))
		c.write(w)
	}
	if s != "" && white(rune(s[len(s)-1])) {
		c.space = true
	}
}

// white is what HTML collapses; a no-break space is none.
func white(r rune) bool { return r == ' ' || r == '\n' || r == '\t' || r == '\r' || r == '\f' }

// write writes a word and what is owed before it.
func (c *converter) write(w string) {
	if w == "" {
		return
	}
	if c.newline > 0 && c.out.Len() > 0 {
		c.out.WriteString("\n\n\n"[:min(c.newline, 3)])
		c.begun = false
	}
	c.newline = 0
	if !c.begun && c.quotes > 0 {
		c.out.WriteString(strings.Repeat(">", min(c.quotes, 9)) + " ")
	} else if c.begun && c.space {
		c.out.WriteByte(' ')
	}
	c.begun, c.space = true, false
	c.out.WriteString(strings.ReplaceAll(w, "\u00a0", " "))
}
