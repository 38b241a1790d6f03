package lifecycle

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"
)

func TestLoad(t *testing.T) {
	s, notes, err := Load("lifecycle.yaml", []byte(`
version: 1
ladder: {evaluation: 45}
words:
  "*": {Evaluating: evaluation}
  hs-main: {"1429384": sql}
statuses: {sf: {Hot: sql}}
options: {hs-main: [subscriber, lead, "77", "78", marketingqualifiedlead, "1429384", other, customer, "99"]}
score: 80
active: 100d
churn: 730d
requesters_are_customers: [zd-main]
inbound: true
zone: Europe/Zagreb
stages: {hs-main: {appointmentscheduled: proposal}}
categories: []
`))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range [][3]string{{"x/y/1", "evaluating", "evaluation"}, {"hs-main/contacts/1", "1429384", SQL}, {"hs-other/contacts/1", "1429384", ""},
		{"hs-main/contacts/1", "77", "77"}, {"hs-main/contacts/1", "99", "99"}, {"x/y/1", "Evaluation", "evaluation"}} {
		if got := s.Of(test[0], test[1]); got != test[2] {
			t.Errorf("%s says %s: got %q, want %q", test[0], test[1], got, test[2])
		}
	}
	var ladder []string
	for _, r := range s.Ladder() {
		ladder = append(ladder, fmt.Sprint(r.Stage, " ", r.Rank))
	}
	if got, want := strings.Join(ladder, ", "), "visitor 0, subscriber 10, lead 20, 77 23, prospect 25, 78 26, mql 30, sql 40, evaluation 45, opportunity 50, customer 60, 99 65, repeat_customer 65, advocate 70"; got != want {
		t.Errorf("ladder\ngot  %s\nwant %s", got, want)
	}
	if len(notes) != 3 || !strings.HasPrefix(notes[0], "lifecycle.yaml:8: the stage 77 of hs-main is placed at rank 23") {
		t.Errorf("notes %q, want one for each guess with its place", notes)
	}
	if s.Churn != 730*24*time.Hour || s.Active != 100*24*time.Hour || s.Score != 80 || !s.Proves("zd-main/tickets/1") || s.Proves("zd-main2/tickets/1") ||
		!s.Inbound || s.Outreach || s.day(time.Date(2026, 1, 1, 23, 30, 0, 0, time.UTC)) != "2026-01-02" || s.StageKinds["hs-main"]["appointmentscheduled"] != "proposal" {
		t.Errorf("settings %+v are not those of the file", s)
	}
	if err := s.Check([]string{"hs-main", "sf", "zd"}); err == nil || !strings.Contains(err.Error(), `lifecycle.yaml:12:28: "zd-main" is not a connection; did you mean "hs-main"?`) {
		t.Errorf("Check: %v, want the connection that is not there", err)
	}
	if err := s.Check([]string{"hs-main", "sf", "zd-main"}); err != nil {
		t.Errorf("Check: %v, want none", err)
	}
	empty, _, err := Load("x", nil)
	if err != nil || empty.Version() == s.Version() || !s.Ages() || empty.Ages() {
		t.Errorf("an empty file: %v, version %q; want settings of their own", err, empty.Version())
	}
}

func TestLoadNamesEveryProblem(t *testing.T) {
	_, _, err := Load("l.yaml", []byte(`version: 2
laddr: {}
ladder: {lead: 5, "Bad Name": 7, far: 101}
words: {a: {x: leed, "--": lead}}
statuses: {a: [lead]}
options: {a: lead}
score: much
active: 5
churn: 0d
zone: Mars
outreach: maybe
stages: {a: {x: proposl}}
`))
	if err == nil {
		t.Fatal("a broken file loads")
	}
	for _, want := range []string{`l.yaml:1:10: the version`, `l.yaml:2:1: "laddr" is not a key of a lifecycle file; did you mean "ladder"?`, `l.yaml:3:10: lead is on the ladder already`,
		`l.yaml:3:19: a stage's name`, `l.yaml:3:39: the rank of far`, `l.yaml:4:16: "leed" is not a stage; did you mean "lead"?`, `l.yaml:4:22: the word "--"`,
		`l.yaml:5:15: statuses of a must be a map`, `l.yaml:6:14: options of a must be a list`, `l.yaml:7:8: score must be`, `l.yaml:8:9: active must be a number of days`,
		`l.yaml:9:8: churn must be`, `l.yaml:10:7: "Mars" is not a time zone`, `l.yaml:11:11: outreach must be`, `l.yaml:12:17: "proposl" is not a kind of stage; did you mean "proposal"?`} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the error lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add([]byte("ladder: {evaluation: 45}\noptions: {a: [lead, x, customer]}\n"))
	f.Add([]byte("words: {\"*\": {x: lead}}\nchurn: 3d\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		s, _, err := Load("f.yaml", data)
		if err != nil {
			return
		}
		state := s.Derive(&Evidence{Claims: []Claim{says("a/b/1", "customer", "2020-01-01")}}, now)
		if state.Rank < 60 && s.Of("a/b/1", "customer") == Customer {
			t.Errorf("%q makes rank %d of a customer", data, state.Rank)
		}
	})
}

// The file in the package's documentation is one that loads.
func TestDocumentedFileLoads(t *testing.T) {
	src, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(src), "// # The file")
	rest, _, _ = strings.Cut(rest, "// # What it does not do")
	var file strings.Builder
	for line := range strings.Lines(rest) {
		if text, ok := strings.CutPrefix(line, "//\t"); ok {
			file.WriteString(text)
		}
	}
	s, notes, err := Load("doc.go", []byte(file.String()))
	if err != nil || s.Own["evaluation"] != 45 || len(notes) != 1 || !s.Outreach {
		t.Errorf("%v, notes %q, settings %+v; want those of the file", err, notes, s)
	}
}
