package crashtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"

	"github.com/millrace/millrace/connectors/hubspot/hubspottest"
)

// The stages of the pipelines of deals, with what people read.
var dealStages = map[string]map[string]string{
	"default": {"appointmentscheduled": "Appointment Scheduled", "qualifiedtobuy": "Qualified To Buy",
		"presentationscheduled": "Presentation Scheduled", "decisionmakerboughtin": "Decision Maker Bought-In",
		"contractsent": "Contract Sent", "closedwon": "Closed Won", "closedlost": "Closed Lost"},
	"renewals": {"due": "Due", "asked": "Asked", "kept": "Kept", "left": "Left"},
}

var pipelineNames = map[string]string{"default": "Sales Pipeline", "renewals": "Renewals"}

// addRenewals makes a second pipeline of deals, so that a deal can move to another project.
func addRenewals(h *hubspottest.Server) {
	h.AddPipeline("deals", hubspottest.Pipeline{ID: "renewals", Label: "Renewals", Stages: []hubspottest.Stage{
		{ID: "due", Label: "Due", Probability: "0.2"}, {ID: "asked", Label: "Asked", Probability: "0.5"},
		{ID: "kept", Label: "Kept", Probability: "1.0", Closed: true}, {ID: "left", Label: "Left", Probability: "0.0", Closed: true}}})
}

var ticketStages = map[string]string{"1": "New", "2": "Waiting on contact", "3": "Waiting on us", "4": "Closed"}

// people are the colleagues who work in HubSpot while the program runs and dies.
type people struct {
	h    *hubspottest.Server
	rng  *rand.Rand
	made int
	// polled keeps to what a poll shows: no deletion, no merge, no association.
	polled bool
	// only, when not nil, is all they do.
	only func() (string, error)
	// binned are the archived records, oldest first.
	binned [][2]string

	mu   sync.Mutex
	done []string // what they did last, for the message of a failure
}

// work changes something every few milliseconds until stop is closed.
func (p *people) work(stop <-chan struct{}) error {
	for {
		if err := p.change(); err != nil {
			return err
		}
		timer := time.NewTimer(time.Duration(5+p.rng.IntN(60)) * time.Millisecond)
		select {
		case <-stop:
			timer.Stop()
			return nil
		case <-timer.C:
		}
	}
}

// change does one thing.
func (p *people) change() error {
	acts := []func() (string, error){
		p.amount, p.amount, p.stage, p.stage, p.pipeline, p.renameDeal, p.renameCompany, p.renameContact, // the polled ones
		p.ticketStage, p.newDeal, p.newTicket, p.newCompany, p.newContact, p.archive, p.restore, p.merge, p.employ, p.dismiss, p.dealTo,
	}
	if p.polled {
		acts = acts[:8]
	}
	if p.only != nil {
		acts = []func() (string, error){p.only}
	}
	what, err := acts[p.rng.IntN(len(acts))]()
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if what != "" {
		p.done = append(p.done, time.Now().UTC().Format("15:04:05.000 ")+what)
	}
	return nil
}

// about returns what was done to a record lately.
func (p *people) about(last int) []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.done[max(0, len(p.done)-last):])
}

// pick returns a record, every second time one of the newest: what was just created, and may be in doubt, is what
// changes most in life too.
func (p *people) pick(object string) (hubspottest.Object, bool) {
	list := p.h.Objects(object)
	if len(list) == 0 {
		return hubspottest.Object{}, false
	}
	if p.rng.IntN(2) == 0 {
		list = list[max(0, len(list)-3):]
	}
	return list[p.rng.IntN(len(list))], true
}

func (p *people) set(object, key, value string) (string, error) {
	o, ok := p.pick(object)
	if !ok {
		return "", nil
	}
	return fmt.Sprintf("%s/%s %s = %s", object, o.ID, key, value), p.h.Set(object, map[string]string{key: value}, o.ID)
}

// name returns a name nobody has.
func (p *people) name(of string) string {
	p.made++
	return fmt.Sprintf("%s %d", of, p.made)
}

func (p *people) amount() (string, error) {
	return p.set("deals", "amount", fmt.Sprint(100*(1+p.rng.IntN(900))))
}

func (p *people) stage() (string, error) {
	o, ok := p.pick("deals")
	if !ok {
		return "", nil
	}
	return p.toStage(o, o.Properties["pipeline"])
}

func (p *people) pipeline() (string, error) {
	o, ok := p.pick("deals")
	if !ok {
		return "", nil
	}
	to := "renewals"
	if o.Properties["pipeline"] == to {
		to = "default"
	}
	return p.toStage(o, to)
}

func (p *people) toStage(o hubspottest.Object, pipeline string) (string, error) {
	stage := keyOf(p.rng, dealStages[pipeline])
	return fmt.Sprintf("deals/%s to %s of %s", o.ID, stage, pipeline),
		p.h.Set("deals", map[string]string{"pipeline": pipeline, "dealstage": stage}, o.ID)
}

func (p *people) renameDeal() (string, error) { return p.set("deals", "dealname", p.name("Deal")) }

func (p *people) renameCompany() (string, error) {
	return p.set("companies", "name", p.name("Company"))
}

func (p *people) renameContact() (string, error) {
	return p.set("contacts", "lastname", p.name("Contact"))
}

func (p *people) ticketStage() (string, error) {
	return p.set("tickets", "hs_pipeline_stage", keyOf(p.rng, ticketStages))
}

func keyOf(rng *rand.Rand, m map[string]string) string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys[rng.IntN(len(keys))]
}
