package asanatest

import (
	"encoding/xml"
	"errors"
	"html"
	"io"
	"slices"
	"strings"
	"time"
)

// htmlTags are the elements of rich text. https://developers.asana.com/docs/rich-text
var htmlTags = []string{"body", "strong", "em", "u", "s", "code", "ol", "ul", "li", "a", "blockquote", "pre", "h1", "h2", "hr", "img",
	"table", "tr", "td"}

// htmlOf is the rich text of a plain one.
func htmlOf(text string) string { return "<body>" + html.EscapeString(text) + "</body>" }

// plain turns rich text into plain text. It must be well-formed XML in one body element with known elements only;
// anything else is a fault of the property, as Asana answers 400.
func (c *call) plain(name, rich string) string {
	text, err := plainText(rich)
	if err != nil {
		c.in.fail(name, "XML is invalid: "+err.Error())
	}
	return text
}

func plainText(rich string) (string, error) {
	d := xml.NewDecoder(strings.NewReader(rich))
	d.Entity = nil // the five of XML only; &nbsp; is refused
	var out strings.Builder
	depth, roots := 0, 0
	for {
		tok, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return "", errors.New("not well-formed")
		}
		switch x := tok.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			if !slices.Contains(htmlTags, x.Name.Local) || (depth == 0) != (x.Name.Local == "body") {
				return "", errors.New("element not supported: " + x.Name.Local)
			}
			depth++
			if x.Name.Local == "li" && out.Len() > 0 {
				out.WriteByte('\n')
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && strings.TrimSpace(string(x)) != "" {
				return "", errors.New("text outside the body")
			}
			out.Write(x)
		}
	}
	if roots != 1 {
		return "", errors.New("there must be one body")
	}
	return out.String(), nil
}

// date checks a YYYY-MM-DD; "" clears.
func (c *call) date(name, s string) string {
	if s == "" {
		return ""
	}
	if _, err := time.Parse(time.DateOnly, s); err != nil {
		c.in.fail(name, "Not a valid date, it must be YYYY-MM-DD")
	}
	return s
}

// instant checks an ISO 8601 time and returns it in UTC with milliseconds, as it is shown again.
func (c *call) instant(name, s string) string {
	if s == "" {
		return ""
	}
	at, err := time.Parse(time.RFC3339, s)
	if err != nil {
		c.in.fail(name, "Not a valid time, it must be ISO 8601")
		return ""
	}
	return stampOf(at).String()
}
