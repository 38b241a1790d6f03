package mailchimptest_test

import (
	"bufio"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/mailchimp/mailchimptest"
	"github.com/millrace/millrace/connectors/sandbox"
)

// TestRecordedShapes: the simulator's objects have the members of the recorded ones, of the same kinds, and its refusals
// their words.
func TestRecordedShapes(t *testing.T) {
	a := open(t, mailchimptest.Options{})
	id, err := a.Create(a.list, mailchimptest.Member{Email: "zoe@initech.example", Status: "subscribed", First: "Zoë", Tags: []string{"vip"}})
	must(t, err)
	ours := map[string]gjson.Result{
		"member": gjson.ParseBytes(a.do("GET", "/3.0/lists/"+a.list+"/members/"+strings.Split(id, ":")[1], "").body),
		"list":   gjson.ParseBytes(a.do("GET", "/3.0/lists/"+a.list, "").body),
	}
	f, err := os.Open(connectortest.Shared(t, "recorded/mailchimp/exchanges.jsonl"))
	must(t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 4<<20)
	compared := 0
	for lines.Scan() {
		body := gjson.Parse(lines.Text()).Get("response_body")
		for name, list := range map[string][]gjson.Result{"member": append(body.Get("members").Array(), body), "list": body.Get("lists").Array()} {
			for _, one := range list {
				if name == "member" && !one.Get("contact_id").Exists() {
					continue
				}
				compared++
				one.ForEach(func(key, value gjson.Result) bool {
					mine := ours[name].Get(key.String())
					optional := key.Str == "unsubscribe_reason" || key.Str == "marketing_permissions" || key.Str == "interests"
					if !mine.Exists() && !optional || mine.Exists() && mine.Type != value.Type && mine.Type+value.Type != gjson.True+gjson.False {
						t.Errorf("%s.%s: got %s, recorded %.60s", name, key, mine.Raw, value.Raw)
					}
					return true
				})
			}
		}
	}
	if must(t, lines.Err()); compared < 100 {
		t.Errorf("compared %d objects, want at least 100", compared)
	}
}

// TestWhoComesIn: keys with any user, tokens of both schemes, and nobody else; a revoked key is nobody's.
func TestWhoComesIn(t *testing.T) {
	a := open(t, mailchimptest.Options{Keys: []string{mailchimptest.DefaultKey}, Tokens: []string{"token"}})
	for header, want := range map[string]int{"Bearer token": 200, "OAuth token": 200, "Bearer other": 401, "": 401, "Basic eDp5LXVzMTk=": 401, "Basic eDp5LXVzMw==": 403} {
		r, _ := http.NewRequest("GET", "/3.0/ping", nil)
		r.Header.Set("Authorization", header)
		if got := serve(a, r); got != want {
			t.Errorf("%q: got %d, want %d", header, got, want)
		}
	}
	a.do("GET", "/3.0/ping", "").want(t, 200)
	a.Revoke(mailchimptest.DefaultKey)
	a.do("GET", "/3.0/ping", "").want(t, 401)
}

// TestConnectionsAndTheEdge: an eleventh request at the same time is refused in words, a flood without any.
func TestConnectionsAndTheEdge(t *testing.T) {
	plan := sandbox.NewPlan(1)
	a := open(t, mailchimptest.Options{Connections: 10, Plan: plan})
	var wait sync.WaitGroup
	codes := make(chan int, 40)
	hold := a.hold(10)
	for range 5 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			codes <- a.do("GET", "/3.0/ping", "").code
		}()
	}
	wait.Wait()
	hold()
	close(codes)
	for code := range codes {
		if code != 429 {
			t.Errorf("got %d while ten others run, want 429", code)
		}
	}
	a.do("GET", "/3.0/ping", "").want(t, 200)
	edge := open(t, mailchimptest.Options{EdgeRate: 3})
	var last reply
	for range 8 {
		last = edge.do("GET", "/3.0/ping", "")
	}
	if last.code != 403 || strings.Contains(string(last.body), "{") || last.header.Get("Retry-After") != "" {
		t.Errorf("got %d %s, want a bare 403", last.code, last.body)
	}
}

// hold occupies so many connections with requests whose bodies do not end, until the returned function is called.
func (a *account) hold(n int) func() {
	body := &slow{begun: make(chan bool, n), end: make(chan bool)}
	var wait sync.WaitGroup
	for range n {
		wait.Add(1)
		go func() {
			defer wait.Done()
			r, _ := http.NewRequest("POST", "/3.0/lists/"+a.list+"/webhooks", body)
			r.SetBasicAuth("any", mailchimptest.DefaultKey)
			serve(a, r)
		}()
	}
	for range n {
		<-body.begun
	}
	return func() { close(body.end); wait.Wait() }
}

type slow struct{ begun, end chan bool }

func (s *slow) Read([]byte) (int, error) {
	s.begun <- true
	<-s.end
	return 0, fmt.Errorf("ended")
}

var arguments = regexp.MustCompile(`^t=[0-9]+,v1=[0-9a-f]{64}$`)

// TestDeliveries: signed where the webhook is, tried three times, filtered by source, and a changed address tells two ids.
func TestDeliveries(t *testing.T) {
	a := open(t, mailchimptest.Options{})
	var got []string
	status := 500
	server := sandboxServer(t, func(w http.ResponseWriter, r *http.Request) {
		must(t, r.ParseForm())
		got = append(got, r.PostForm.Get("type"))
		if !arguments.MatchString(r.Header.Get("X-Mailchimp-Signature")) || r.PostForm.Get("data[list_id]") != a.list || r.PostForm.Get("fired_at") != "2026-11-22 09:00:00" {
			t.Errorf("got %v %v", r.Header, r.PostForm)
		}
		if r.PostForm.Get("type") == "upemail" && (r.PostForm.Get("data[new_id]") == "" || r.PostForm.Has("data[id]") || r.PostForm.Get("data[old_email]") != "zoe@initech.example") {
			t.Errorf("got %v", r.PostForm)
		}
		w.WriteHeader(status)
	})
	a.Subscribe(mailchimptest.Webhook{List: a.list, URL: server, Signed: true, Sources: []string{"admin", "api"}})
	id, err := a.Create(a.list, mailchimptest.Member{Email: "zoe@initech.example", Status: "subscribed"})
	must(t, err)
	must(t, a.Set(mailchimptest.Member{Status: "unsubscribed", ByPerson: true}, id), a.Set(mailchimptest.Member{Email: "new@initech.example"}, id))
	for range 2 {
		if sum, err := a.Deliver(t.Context()); err != nil || sum.Failed != 3 {
			t.Fatalf("got %+v and %v", sum, err)
		}
	}
	status = 200
	if sum, err := a.Deliver(t.Context()); err != nil || sum.Events != 3 || a.PendingEvents() != 0 || a.Redeliver() != 3 {
		t.Errorf("got %+v and %v", sum, err)
	}
	if want := "subscribe upemail profile"; strings.Join(got[:3], " ") != want {
		t.Errorf("got %v, want %s", got[:3], want)
	}
	if a.DropEvents(1) != 3 {
		t.Error("not all events were dropped")
	}
}

// TestConcurrentUse is for the race detector.
func TestConcurrentUse(t *testing.T) {
	a := open(t, mailchimptest.Options{Webhooks: []mailchimptest.Webhook{{URL: "http://127.0.0.1:1"}}})
	var ids []string
	for i := range 20 {
		id, err := a.Create(a.list, mailchimptest.Member{Email: fmt.Sprintf("p%d@initech.example", i), Status: "subscribed"})
		must(t, err)
		ids = append(ids, id)
	}
	var wait sync.WaitGroup
	for w := range 4 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for i := range 40 {
				a.do("GET", "/3.0/lists/"+a.list+"/members?sort_field=last_changed&sort_dir=ASC", "")
				a.do("GET", "/3.0/campaigns", "")
				_ = a.Set(mailchimptest.Member{Last: "x"}, ids[(w*7+i)%len(ids)]) // the answers are what is looked at
				a.clock.Advance(time.Second)
				a.Members()
				a.PendingEvents()
			}
		}()
	}
	wait.Wait()
	if got := a.do("GET", "/3.0/lists/"+a.list+"/members", "").want(t, 200)["total_items"]; got != 20.0 {
		t.Errorf("got %v members, want all 20", got)
	}
}

// TestGoneDisables: 410 turns a webhook off for good, and nothing in the API says so.
func TestGoneDisables(t *testing.T) {
	a := open(t, mailchimptest.Options{})
	status := http.StatusGone
	address := sandboxServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	hook := a.Subscribe(mailchimptest.Webhook{List: a.list, URL: address})
	shown := func() string { return string(a.do("GET", "/3.0/lists/"+a.list+"/webhooks/"+hook, "").body) }
	before := shown()
	deliver := func(want mailchimptest.Delivered) {
		t.Helper()
		_, err := a.Create(a.list, mailchimptest.Member{Email: fmt.Sprintf("m%d@initech.example", len(a.Members())), Status: "subscribed"})
		must(t, err)
		got, err := a.Deliver(t.Context())
		must(t, err)
		if got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	deliver(mailchimptest.Delivered{Requests: 1, Given: 1})
	status = http.StatusOK
	deliver(mailchimptest.Delivered{})
	if got := shown(); got != before {
		t.Errorf("the API shows it as\n%s\nand before as\n%s", got, before)
	}
}
