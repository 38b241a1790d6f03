package salesforce

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
	"time"
)

// outbound is the namespace of outbound messages.
const outbound = "http://soap.sforce.com/2005/09/outbound"

const (
	// maxNotes bounds a message. Salesforce sends at most 100 notifications.
	maxNotes = 1000
	// maxNesting is how deep a message may be nested; a real one goes five deep.
	maxNesting = 12
	// maxText bounds the texts that are kept: ids, names and times.
	maxText = 100
)

// message is an outbound message, as far as it is needed.
type message struct {
	organization string
	notes        []note
}

// note is one notification.
type note struct {
	sobject string
	id      string
	parent  string // of a contact role
	at      time.Time
}

// readMessage reads a SOAP envelope with notifications. Only what XML itself defines is allowed: a document type, which
// could define entities or name files, is refused.
func readMessage(body []byte) (message, error) {
	d := xml.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	r := reader{}
	for {
		t, err := d.Token()
		if errors.Is(err, io.EOF) {
			return r.message, r.end()
		}
		if err != nil {
			return message{}, errors.New("body is not XML or breaks off")
		}
		if err := r.take(t); err != nil {
			return message{}, err
		}
	}
}

// reader follows the elements of a message.
type reader struct {
	message
	path  []string
	text  []byte
	now   note
	found bool // the notifications have begun
}

func (r *reader) end() error {
	if !r.found {
		return errors.New("body is no outbound message")
	}
	return nil
}

func (r *reader) take(t xml.Token) error {
	switch t := t.(type) {
	case xml.Directive:
		return errors.New("body has a document type, which no outbound message has")
	case xml.StartElement:
		return r.open(t)
	case xml.CharData:
		r.text = append(r.text, t[:min(len(t), maxText-min(maxText, len(r.text)))]...)
	case xml.EndElement:
		r.close(strings.Join(r.path, "/"), strings.TrimSpace(string(r.text)))
		r.path, r.text = r.path[:len(r.path)-1], r.text[:0]
	}
	return nil
}

const (
	inMessage = "Envelope/Body/notifications"
	inRow     = inMessage + "/Notification/sObject"
)

func (r *reader) open(e xml.StartElement) error {
	if len(r.path) >= maxNesting {
		return errors.New("body is nested too deeply")
	}
	r.path, r.text = append(r.path, e.Name.Local), r.text[:0]
	switch strings.Join(r.path, "/") {
	case inMessage:
		r.found = e.Name.Space == outbound
		return r.end()
	case inMessage + "/Notification":
		r.now = note{}
		if len(r.notes) >= maxNotes {
			return errors.New("body has too many notifications")
		}
	case inRow:
		r.now.sobject = typeOf(e)
	}
	return nil
}

// typeOf returns the sObject that an element says it is: xsi:type="sf:Contact".
func typeOf(e xml.StartElement) string {
	for _, a := range e.Attr {
		if a.Name.Local == "type" && strings.HasSuffix(a.Name.Space, "XMLSchema-instance") {
			return a.Value[strings.LastIndexByte(a.Value, ':')+1:]
		}
	}
	return ""
}

func (r *reader) close(path, text string) {
	switch path {
	case inMessage + "/OrganizationId":
		r.organization = text
	case inRow + "/Id":
		r.now.id = text
	case inRow + "/OpportunityId":
		r.now.parent = text
	case inRow + "/SystemModstamp", inRow + "/LastModifiedDate":
		if at, err := parseTime(text); err == nil && at.After(r.now.at) {
			r.now.at = at
		}
	case inMessage + "/Notification":
		r.notes = append(r.notes, r.now)
	}
}
