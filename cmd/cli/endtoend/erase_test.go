package endtoend

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/connectors/asana/asanatest"
	"github.com/millrace/millrace/router/ledger"
)

// erasedValues is what must not be found anywhere after an erasure.
var erasedValues = []string{"Żofia", "Quarkbaumović", "zofia.q@quarkbaum.example", "+385915551234", "+385 91 555 1234", "Uhrwerkmeisterin ☃"}

// forms are the ways in which a text may lie in a file.
func forms(text string) [][]byte {
	var list [][]byte
	escaped := strings.Trim(strconv.QuoteToASCII(text), `"`)
	for _, s := range []string{text, strings.ToLower(text), strings.ToUpper(text), escaped, strings.ToLower(escaped),
		base64.StdEncoding.EncodeToString([]byte(text))} {
		list = append(list, []byte(s))
		var little, big []byte
		for _, unit := range utf16.Encode([]rune(s)) {
			little, big = binary.LittleEndian.AppendUint16(little, unit), binary.BigEndian.AppendUint16(big, unit)
		}
		list = append(list, little, big)
	}
	return list
}

// found lists the files of the data directory that hold one of the values in some form.
func (v *vendors) found() []string {
	v.t.Helper()
	var list []string
	v.ok(filepath.WalkDir(filepath.Join(v.dir, "data"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, value := range erasedValues {
			if slices.ContainsFunc(forms(value), func(form []byte) bool { return bytes.Contains(data, form) }) {
				list = append(list, filepath.Base(path)+": "+value)
			}
		}
		return nil
	}))
	return list
}

// TestErasedCustomerIsNowhere: after `customer erase --now` no file of the data directory holds a byte of what was known
// of a customer, the tasks in Asana name nobody, and the vendor cannot bring it back.
func TestErasedCustomerIsNowhere(t *testing.T) {
	v := start(t)
	company := v.create("companies", map[string]string{"name": "Zidar", "domain": "zidar.example", "description": "Ask Żofia Quarkbaumović."})
	zofia := v.create("contacts", map[string]string{"firstname": "Żofia", "lastname": "Quarkbaumović", "email": "zofia.q@quarkbaum.example",
		"phone": "+385 91 555 1234", "jobtitle": "Uhrwerkmeisterin ☃"})
	v.people(5)
	deal := v.deal("Quarkbaumović renewal", "contractsent")
	v.ok(v.hubspot.Associate("deals", deal, "contacts", zofia, 0))
	v.ok(v.hubspot.Associate("deals", deal, "companies", company, 0))
	other := v.second()
	v.backfill()
	v.leaveLetter(zofia)
	v.later()
	v.ok(v.hubspot.Set("contacts", map[string]string{"lastname": "Quarkbaumović-Nowak"}, zofia))
	v.later()
	v.backfill()
	v.leaveDeliveries()
	if got := v.found(); len(got) < 3 {
		t.Fatalf("before: found %q, want more: the test has no teeth", got)
	}
	before := len(v.asana.Tasks())

	o := v.millrace("customer", "erase", "zofia.q@quarkbaum.example", "--yes", "--now", "--why", "case 7", "--json")
	var report struct {
		Refs, Named         []string
		Suppressed, Letters int
		Deliveries          int
		Redacted, Gone      bool
	}
	if o.code != 0 {
		t.Fatalf("erase ended with %d, want 0: %s%s", o.code, o.out, o.err)
	}
	v.decode(o.out, &report)
	if !report.Gone || !report.Redacted || report.Suppressed < 2 || report.Letters == 0 || report.Deliveries == 0 || len(report.Named) < 2 {
		t.Errorf("report: got %+v, want everything gone, the record and the address suppressed, deal and company cleaned", report)
	}
	if got := v.found(); len(got) != 0 {
		t.Errorf("after: found %q", got)
	}
	v.nobodyIsNamed(before)

	v.later()
	v.ok(v.hubspot.Set("contacts", map[string]string{"city": "Split"}, zofia))
	_, err := other.Create("contacts", map[string]string{"firstname": "Żofia", "email": "ZOFIA.Q@quarkbaum.example"})
	v.ok(err)
	v.later()
	if s := v.backfill(); s.Records.Filtered < 2 || s.Items.Created != 0 {
		t.Errorf("the vendor sends it again: got %+v, want two records filtered and nothing made", s)
	}
	if o := v.millrace("compact", "--json"); o.code != 0 || !strings.Contains(o.out, `"erased":true`) {
		t.Errorf("compact: got %d %s%s", o.code, o.out, o.err)
	}
	if got := v.found(); len(got) != 0 {
		t.Errorf("after the vendor sent it again: found %q", got)
	}
	v.nobodyIsNamed(before)
}

// leaveLetter leaves a dead letter.
func (v *vendors) leaveLetter(contact string) {
	v.t.Helper()
	h := v.open()
	defer h.stop()
	ref := connectors.Ref{Connection: "hubspot", Object: "contacts", ID: contact}
	bad, err := json.Marshal([]string{"Żofia Quarkbaumović", "zofia.q@quarkbaum.example"})
	v.ok(err)
	_, err = h.ledger.Apply(v.t.Context(), ledger.Batch{Connection: "hubspot", Stream: "contacts", Kind: ledger.Fetch,
		Records: []connectors.Record{{Ref: ref, Version: time.Now().Add(time.Hour), Seen: time.Now(), Data: bad}}})
	v.ok(err)
}

// leaveDeliveries leaves two that nobody has parsed.
func (v *vendors) leaveDeliveries() {
	v.t.Helper()
	h := v.open()
	defer h.stop()
	for _, body := range []string{`[{"propertyName":"email","propertyValue":"zofia.q@quarkbaum.example"}]`, "email=zofia.q%40quarkbaum.example"} {
		v.ok(h.ledger.PutInbox(v.t.Context(), "hubspot", connectors.Delivery{Method: "POST", URL: "https://hub.example/hooks", Body: []byte(body)}))
	}
}

// nobodyIsNamed looks through everything that is to be read in Asana.
func (v *vendors) nobodyIsNamed(tasks int) {
	v.t.Helper()
	all := v.asana.Tasks()
	erased := 0
	for _, task := range all {
		if task.Name == connectors.ErasedTitle {
			erased++
		}
		v.checkTask(task)
	}
	if len(all) != tasks || erased != 1 {
		v.t.Errorf("tasks: got %d, %d of them of an erased customer, want %d and 1", len(all), erased, tasks)
	}
}

func (v *vendors) checkTask(task asanatest.Task) {
	v.t.Helper()
	texts := []string{task.Name, task.Notes, strings.Join(task.Comments, "\n")}
	for _, value := range task.Fields {
		texts = append(texts, value)
	}
	for _, text := range texts {
		for _, value := range erasedValues {
			if strings.Contains(text, value) {
				v.t.Errorf("a task shows %q, want nothing of the customer", text)
			}
		}
	}
}
