package message

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/imap/message/field"
	"github.com/millrace/millrace/connectors/imap/message/text"
)

// opinion is what testdata/judge.py says of a mail.
type opinion struct {
	Failed    string                 `json:"failed"`
	Subject   string                 `json:"subject"`
	Date      int64                  `json:"date"`
	MessageID string                 `json:"message_id"`
	People    map[string][][2]string `json:"people"`
	Text      string                 `json:"text"`
	Files     [][4]any               `json:"files"`
}

// TestSecondOpinion: Python's email package reads the corpus as we do, but where it is known not to.
func TestSecondOpinion(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("python3 is needed in CI: it judges the parser")
		}
		t.Skip("SKIPPED, NO SECOND OPINION: python3 is not here")
	}
	files, _ := filepath.Glob("testdata/*.eml")
	out, err := exec.Command(python, append([]string{"testdata/judge.py"}, files...)...).Output()
	if err != nil {
		t.Fatal(err)
	}
	var opinions map[string]opinion
	if err := json.Unmarshal(out, &opinions); err != nil {
		t.Fatal(err)
	}
	mails := corpus(t)
	if len(opinions) != len(mails) {
		t.Fatalf("got %d opinions on %d mails", len(opinions), len(mails))
	}
	for file, o := range opinions {
		name := strings.TrimSuffix(filepath.Base(file), ".eml")
		found := disagree(parse(t, mails[name], ours), o)
		for what, how := range found {
			if differs[name][what] == "" {
				t.Errorf("%s: %s: %s", name, what, how)
			}
		}
		for what := range differs[name] {
			if found[what] == "" {
				t.Errorf("%s: %s is listed as different and is not", name, what)
			}
		}
	}
}

// disagree returns in what a message and an opinion differ.
func disagree(m *Message, o opinion) map[string]string {
	found := make(map[string]string)
	compare := func(what, got, want string) {
		if got != want {
			found[what] = "got " + got + ", Python has " + want
		}
	}
	if o.Failed != "" {
		found["failed"] = o.Failed
		return found
	}
	compare("subject", m.Subject, field.Line(o.Subject))
	compare("id", m.MessageID, o.MessageID)
	if m.Dated == ByHeader && m.OccurredAt.Unix() != o.Date {
		found["date"] = "got " + m.OccurredAt.String()
	}
	for name, list := range map[string][]Address{"from": m.From, "sender": m.Sender, "reply-to": m.ReplyTo, "to": m.To, "cc": m.Cc, "bcc": m.Bcc} {
		var got, want []string
		for _, a := range list {
			got = append(got, a.Name+" <"+a.Address+">")
		}
		for _, a := range o.People[name] {
			clean := field.Clean(a[1], nil)
			if n := field.Line(a[0]); n != "" || clean != "" {
				want = append(want, n+" <"+clean+">")
			}
		}
		compare(name, strings.Join(got, ", "), strings.Join(want, ", "))
	}
	if o.Text != "" && !strings.Contains(m.Body, "\n> ") {
		compare("text", spaced(m.Body), spaced(text.Clean(o.Text)))
	}
	got, _ := json.Marshal(fileList(m))
	want, _ := json.Marshal(o.Files)
	compare("files", string(got), string(want))
	return found
}

func fileList(m *Message) [][4]any {
	list := [][4]any{}
	for _, a := range m.Attachments {
		list = append(list, [4]any{a.Name, a.Type, a.Size, a.SHA256})
	}
	return list
}

// spaced leaves out how lines were broken: format=flowed and empty lines are matters of taste.
func spaced(s string) string { return strings.Join(strings.Fields(s), " ") }
