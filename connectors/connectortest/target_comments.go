package connectortest

import (
	"context"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/sandbox"
)

// Listener is a TargetHarness of a tool in which a connector leaves comments. What is left once has to be recognised after a
// crash, and most tools give a comment no id of ours.
type Listener interface {
	// Comments returns what was commented on an object, the oldest first.
	Comments(t *testing.T, link connectors.Link) []string
	// Tells matches the requests that leave a comment, alone or in a batch; they may match other writes too, but no read.
	Tells() sandbox.Match
}

var targetComments = []targetCheck{
	{"CommentOnce", "", commentOnce},
	{"CommentWithoutAChange", "", commentWithoutAChange},
	{"CommentLostAnswerIsOne", "", commentLostAnswerIsOne},
	{"CommentDoubtWithoutAWrite", "", commentDoubtWithoutAWrite},
	{"CommentsOfOneText", "", commentsOfOneText},
	{"CommentCannotPassForAnother", "", commentCannotPassForAnother},
	{"CommentsAreTakenBack", "", commentsAreTakenBack},
}

func listener(t *testing.T, h TargetHarness) (connectors.Target, Listener) {
	t.Helper()
	l, ok := h.(Listener)
	if !ok {
		t.Skip("the harness is no Listener: the tool has no comments")
	}
	return openTarget(t, h), l
}

var digest = connectors.Comment{Key: "digest/2026-11-30/1f", Text: "Contact on 2026-11-30: 1 e-mail in\n– from Żofia: Offer"}

// told counts the comments on an object with a text in them.
func told(t *testing.T, l Listener, link connectors.Link, text string) (n int) {
	t.Helper()
	for _, c := range l.Comments(t, link) {
		if strings.Contains(c, text) {
			n++
		}
	}
	return n
}

// commentOnce: a comment that comes twice is what people complain of first.
func commentOnce(t *testing.T, h TargetHarness) {
	target, l := listener(t, h)
	it := item(h, 1)
	link := upsert(t, target, connectors.Want{Item: it})
	next := changed(it)
	upsert(t, target, connectors.Want{Item: next, Link: link, Last: &it, Comments: []connectors.Comment{digest}})
	again := digest
	again.InDoubt, again.Text = true, "Contact on 2026-11-30: another text"
	for range 2 {
		upsert(t, openTarget(t, h), connectors.Want{Item: next, Link: link, Last: &next, Comments: []connectors.Comment{again}})
	}
	upsert(t, openTarget(t, h), connectors.Want{Item: next, Link: link, Comments: []connectors.Comment{again}})
	if n := told(t, l, link, "Contact on 2026-11-30"); n != 1 || told(t, l, link, "– from Żofia: Offer") != 1 {
		t.Errorf("got %d comments, want the one of the first call: %q", n, l.Comments(t, link))
	}
	checkShows(t, h, link, next)
}

// commentWithoutAChange: a day's digest comes when nothing else is to be written.
func commentWithoutAChange(t *testing.T, h TargetHarness) {
	target, l := listener(t, h)
	it := item(h, 1)
	link := upsert(t, target, connectors.Want{Item: it})
	h.Log().Reset()
	upsert(t, target, connectors.Want{Item: it, Link: link, Last: &it, Comments: []connectors.Comment{digest}})
	if n := told(t, l, link, digest.Text); n != 1 || writes(h) != 1 {
		t.Errorf("got %d comments by %d writes, want one by one", n, writes(h))
	}
}

// commentLostAnswerIsOne: the tool took the comment and the answer never came (invariant 4).
func commentLostAnswerIsOne(t *testing.T, h TargetHarness) {
	for i, kind := range []string{sandbox.Lost, sandbox.Lost500, sandbox.Truncate} {
		t.Run(kind, func(t *testing.T) {
			target, l := listener(t, h)
			it := item(h, 10+i)
			link := upsert(t, target, connectors.Want{Item: it})
			addFault(t, h, sandbox.Fault{Match: l.Tells(), Kind: kind, Times: 1})
			_, err := target.Upsert(context.Background(), connectors.Want{Item: it, Link: link, Last: &it, Comments: []connectors.Comment{digest}})
			wantKind(t, "an answer that was lost", err, connectors.Temporary)
			checkShy(t, h, err, digest.Text)
			h.Plan().Clear()
			again := digest
			again.InDoubt = true
			upsert(t, openTarget(t, h), connectors.Want{Item: it, Link: link, Comments: []connectors.Comment{again}})
			if n := told(t, l, link, digest.Text); n != 1 {
				t.Errorf("got %d comments, want one: %q", n, l.Comments(t, link))
			}
		})
	}
}

// commentDoubtWithoutAWrite: the request never arrived, so the comment is not there and must be left.
func commentDoubtWithoutAWrite(t *testing.T, h TargetHarness) {
	target, l := listener(t, h)
	it := item(h, 1)
	link := upsert(t, target, connectors.Want{Item: it})
	addFault(t, h, sandbox.Fault{Match: l.Tells(), Kind: sandbox.Drop, Times: 1})
	_, err := target.Upsert(context.Background(), connectors.Want{Item: it, Link: link, Last: &it, Comments: []connectors.Comment{digest}})
	wantKind(t, "a request that did not arrive", err, connectors.Temporary)
	h.Plan().Clear()
	again := digest
	again.InDoubt = true
	upsert(t, target, connectors.Want{Item: it, Link: link, Last: &it, Comments: []connectors.Comment{again}})
	if n := told(t, l, link, digest.Text); n != 1 {
		t.Errorf("got %d comments, want one: %q", n, l.Comments(t, link))
	}
}

// commentsOfOneText: only the key identifies; two days may have the same to say.
func commentsOfOneText(t *testing.T, h TargetHarness) {
	target, l := listener(t, h)
	it := item(h, 1)
	link := upsert(t, target, connectors.Want{Item: it})
	for _, key := range []string{"digest/2026-11-30/1", "digest/2026-11-30/12", "digest/2026-12-01/1"} {
		c := connectors.Comment{Key: key, Text: "One call", InDoubt: true}
		upsert(t, target, connectors.Want{Item: it, Link: link, Last: &it, Comments: []connectors.Comment{c}})
	}
	if n := told(t, l, link, "One call"); n != 3 {
		t.Errorf("got %d comments, want 3: %q", n, l.Comments(t, link))
	}
}

// commentsAreTakenBack: a digest on one customer's object may name another, who was erased.
func commentsAreTakenBack(t *testing.T, h TargetHarness) {
	target, l := listener(t, h)
	it := item(h, 1)
	link := upsert(t, target, connectors.Want{Item: it})
	later := connectors.Comment{Key: "digest/2026-12-01/1", Text: "Contact on 2026-12-01"}
	upsert(t, target, connectors.Want{Item: it, Link: link, Last: &it, Comment: "Separated.", Comments: []connectors.Comment{digest}})
	for range 2 {
		again := later
		again.InDoubt = true
		upsert(t, openTarget(t, h), connectors.Want{Item: it, Link: link, Last: &it, Comments: []connectors.Comment{again}, Unsay: true})
	}
	if told(t, l, link, digest.Text) != 0 || told(t, l, link, later.Text) != 1 || told(t, l, link, "Separated.") != 1 {
		t.Errorf("got %q, want the digest that came with it and what was no digest", l.Comments(t, link))
	}
	if err := target.Close(context.Background(), link, connectors.Closing{Unsay: true}); err != nil {
		t.Fatalf("close: %v", err)
	}
	if told(t, l, link, "Contact on") != 0 {
		t.Errorf("closed: got %q, want no digest", l.Comments(t, link))
	}
}

// commentCannotPassForAnother: what a customer writes ends up in a comment, and must not be taken for the mark of one.
func commentCannotPassForAnother(t *testing.T, h TargetHarness) {
	target, l := listener(t, h)
	it := item(h, 1)
	link := upsert(t, target, connectors.Want{Item: it})
	first := connectors.Comment{Key: "digest/2026-11-29/1", Text: "a"}
	upsert(t, target, connectors.Want{Item: it, Link: link, Last: &it, Comments: []connectors.Comment{first}})
	mark := strings.Split(l.Comments(t, link)[0], "\n") // whatever the connector writes around it
	for i := range mark {
		mark[i] = strings.ReplaceAll(mark[i], first.Key, digest.Key)
	}
	forged := connectors.Comment{Key: "digest/2026-11-29/2", Text: strings.Join(mark, "\n")}
	upsert(t, target, connectors.Want{Item: it, Link: link, Last: &it, Comments: []connectors.Comment{forged}})
	again := digest
	again.InDoubt = true
	upsert(t, target, connectors.Want{Item: it, Link: link, Last: &it, Comments: []connectors.Comment{again}})
	if n := told(t, l, link, digest.Text); n != 1 {
		t.Errorf("got %d comments, want one: %q", n, l.Comments(t, link))
	}
}
