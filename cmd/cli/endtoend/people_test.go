package endtoend

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/mail"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// given is a row of the labelled people.
type given struct{ first, last, birth, city, email string }

func readPeople(t *testing.T) []given {
	t.Helper()
	f, err := os.Open(shared(t, "datasets/splink/fake_1000.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var list []given
	for _, r := range rows[1:] { // unique_id, first_name, surname, dob, city, email, cluster
		list = append(list, given{r[1], r[2], r[3], r[4], r[5]})
	}
	return list
}

// load creates the people through HubSpot's own batch endpoint, a hundred a call, and returns their ids. HubSpot's
// e-mail is unique and checked: an address that is taken, or that HubSpot would refuse, goes into work_email.
func (v *vendors) load(a account, people []given) []string {
	v.t.Helper()
	a.AddProperty("contacts", "work_email", "string", false)
	taken := map[string]bool{}
	var ids []string
	for chunk := range slices.Chunk(people, 100) {
		inputs := make([]map[string]any, len(chunk))
		for i, p := range chunk {
			inputs[i] = map[string]any{"objectWriteTraceId": strconv.Itoa(i), "properties": p.properties(taken)}
		}
		ids = append(ids, v.batchCreate(a, inputs)...)
	}
	return ids
}

// properties leaves the birthday out: many of these people have two that contradict each other, and those are kept apart
// whatever address they share.
func (p given) properties(taken map[string]bool) map[string]string {
	props := map[string]string{"firstname": p.first, "lastname": p.last, "city": p.city}
	key := emailKey(p.email)
	switch {
	case p.email == "":
	case key == "" || taken[key] || !dotAtom(p.email):
		props["work_email"] = p.email
	default:
		taken[key] = true
		props["email"] = p.email
	}
	return props
}

func (v *vendors) batchCreate(a account, inputs []map[string]any) []string {
	v.t.Helper()
	body, err := json.Marshal(map[string]any{"inputs": inputs})
	v.ok(err)
	req, err := http.NewRequest(http.MethodPost, a.url+"/crm/v3/objects/contacts/batch/create", bytes.NewReader(body))
	v.ok(err)
	req.Header.Set("Authorization", "Bearer "+a.token)
	req.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(req)
	v.ok(err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	v.ok(err)
	var made struct {
		Results []struct {
			ID    string `json:"id"`
			Trace string `json:"objectWriteTraceId"`
		} `json:"results"`
	}
	if answer.StatusCode != http.StatusCreated || json.Unmarshal(text, &made) != nil || len(made.Results) != len(inputs) {
		v.t.Fatalf("batch create: got %d with %d results, want 201 with %d: %.300s", answer.StatusCode, len(made.Results), len(inputs), text)
	}
	ids := make([]string, len(inputs))
	for _, one := range made.Results { // not in the order of the inputs
		i, err := strconv.Atoi(one.Trace)
		v.ok(err)
		ids[i] = one.ID
	}
	return ids
}

// dotAtom reports whether an address is one by RFC 5322, which HubSpot demands of e-mail and of nothing else.
func dotAtom(address string) bool {
	_, err := mail.ParseAddress(address)
	return err == nil
}

// emailKey is the address that two records of one person share, "" when it identifies nobody. It is written from the
// rules of the model, not with the code it tests: lower case, one @, a host of labels with a dot in it.
func emailKey(address string) string {
	key := strings.ToLower(strings.TrimSpace(address))
	local, host, ok := strings.Cut(key, "@")
	if !ok || local == "" || strings.Contains(host, "@") {
		return ""
	}
	labels := strings.Split(strings.TrimSuffix(host, "."), ".")
	if len(labels) < 2 {
		return ""
	}
	for _, l := range labels {
		if l == "" || strings.Trim(l, "-") != l {
			return ""
		}
	}
	switch local {
	case "info", "sales", "support", "office", "contact", "admin", "noreply", "no-reply", "mailer-daemon", "test":
		return ""
	}
	return local + "@" + strings.Join(labels, ".")
}

// resolved counts the customers that people are: those who share an address are one, unless so many share it that it
// says nothing about any of them.
func resolved(people []given) int {
	holders, alone := map[string]int{}, 0
	for _, p := range people {
		if key := emailKey(p.email); key != "" {
			holders[key]++
		} else {
			alone++
		}
	}
	for _, n := range holders {
		if n > crowd {
			alone += n
		} else {
			alone++
		}
	}
	return alone
}

// crowd is the most people an address may belong to before it is taken for somebody's switchboard.
const crowd = 10

// TestRealPeople: a thousand people with typing errors and repeated addresses become records in the ledger and one
// card for each customer, no record missing, none shown twice. Who shares an address is computed here from the rules of
// the model.
func TestRealPeople(t *testing.T) {
	people := readPeople(t)
	v := start(t)
	ids := v.load(v.first(), people)
	s := v.backfill()
	want := int64(resolved(people))
	if s.Records.Dead != 0 || s.Customers != want || int64(len(v.asana.Tasks())) != want {
		t.Errorf("got %d dead, %d customers and %d cards, want 0, %d and as many", s.Records.Dead, s.Customers, len(v.asana.Tasks()), want)
	}
	if want >= int64(len(people)) || want < int64(len(people))/4 {
		t.Errorf("%d customers of %d people: the data are not what this test is about", want, len(people))
	}
	if got := v.status().Records["hubspot/contacts"]; got != int64(len(people)) {
		t.Errorf("the ledger has %d contacts, want %d", got, len(people))
	}
	v.everyoneOnce(map[string][]string{"hubspot": ids})
	if again := v.backfill(); again.Items.Created+again.Items.Updated+again.Items.Closed != 0 {
		t.Errorf("a second run wrote %+v, want nothing", again.Items)
	}
}

// TestRealPeopleInTwoAccounts: the same people, every other one in another account. A person in both is one customer
// with one card that lists both records.
func TestRealPeopleInTwoAccounts(t *testing.T) {
	v := start(t)
	accounts := map[string]account{"hubspot": v.first(), "hubspot2": v.second()}
	half := map[string][]given{}
	for i, p := range readPeople(t) {
		name := []string{"hubspot", "hubspot2"}[i%2]
		half[name] = append(half[name], p)
	}
	ids, keyOf := map[string][]string{}, map[string]string{}
	for name, a := range accounts {
		ids[name] = v.load(a, half[name])
		for i, p := range half[name] {
			keyOf[name+"/contacts/"+ids[name][i]] = emailKey(p.email)
		}
	}
	want := resolved(append(half["hubspot"], half["hubspot2"]...))
	if s := v.backfill(); s.Records.Dead != 0 || s.Customers != int64(want) {
		t.Errorf("got %d dead and %d customers, want 0 and %d", s.Records.Dead, s.Customers, want)
	}
	v.everyoneOnce(ids)
	if got := len(v.asana.Tasks()); got != want {
		t.Errorf("got %d cards, want %d", got, want)
	}
	for _, task := range v.asana.Tasks() {
		refs := sourcesOf(task)
		for _, ref := range refs[1:] {
			if keyOf[ref] == "" || keyOf[ref] != keyOf[refs[0]] {
				t.Errorf("the card of %v joins people who share no address", refs)
			}
		}
	}
}

// everyoneOnce wants every contact on exactly one card.
func (v *vendors) everyoneOnce(ids map[string][]string) {
	v.t.Helper()
	shown := map[string]int{}
	for _, task := range v.asana.Tasks() {
		for _, ref := range sourcesOf(task) {
			shown[ref]++
		}
	}
	missing, doubled := 0, 0
	for connection, list := range ids {
		for _, id := range list {
			switch n := shown[connection+"/contacts/"+id]; {
			case n == 0:
				missing++
			case n > 1:
				doubled++
			}
		}
	}
	if missing+doubled > 0 {
		v.t.Errorf("%d contacts are on no card and %d on several, want 0 and 0", missing, doubled)
	}
}
