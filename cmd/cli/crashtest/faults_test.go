package crashtest

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/sandbox/world"
)

// writes are the requests to Asana that change something; a lost answer is worst there.
const writes = `/(tasks|batch|projects|sections|custom_fields|stories|addTask|addCustomFieldSetting|addProject|removeProject|tasks/[^/]+)$`

// misbehave gives both vendors something to do wrong in one round. Every fault is spent after a few requests: an
// outage as long as a round would hide what a round is about.
func misbehave(rng *rand.Rand, w *world.World) error {
	times := func() int { return 1 + rng.IntN(3) }
	target := []sandbox.Fault{
		{Kind: sandbox.Lost, Match: sandbox.Match{Method: "POST", Path: writes}, Skip: rng.IntN(12), Times: times()},
		{Kind: sandbox.Lost500, Match: sandbox.Match{Path: writes}, Skip: rng.IntN(12), Times: times()},
		{Kind: "429", RetryAfter: "0", Skip: rng.IntN(20), Times: times()},
		{Kind: "503", Skip: rng.IntN(20), Times: times()},
		{Kind: sandbox.Truncate, Skip: rng.IntN(20), Times: times()},
		{Kind: sandbox.Drop, Skip: rng.IntN(20), Times: times()},
		{Kind: sandbox.HTML, Skip: rng.IntN(20), Times: times()},
		{Kind: sandbox.Slow, Delay: sandbox.Duration(200 * time.Millisecond), Skip: rng.IntN(20), Times: times()},
	}
	source := []sandbox.Fault{
		{Kind: "500", Skip: rng.IntN(20), Times: times()},
		{Kind: sandbox.Truncate, Skip: rng.IntN(20), Times: times()},
		{Kind: "429", RetryAfter: "0", Skip: rng.IntN(20), Times: times()},
		{Kind: sandbox.Drop, Skip: rng.IntN(20), Times: times()},
	}
	if err := w.Plan[world.Asana].Add(some(rng, target, 3)...); err != nil {
		return err
	}
	for _, name := range []string{world.HubSpot, world.Salesforce, world.Zendesk, world.Mailchimp, world.ActiveCampaign} {
		if w.Plan[name] == nil {
			continue
		}
		if err := w.Plan[name].Add(some(rng, slices.Clone(source), 2)...); err != nil {
			return err
		}
	}
	return misbehaveMail(rng, w, times)
}

// misbehaveMail has the mailbox break connections, which is all that mailboxes do often.
func misbehaveMail(rng *rand.Rand, w *world.World, times func() int) error {
	if w.IMAP == nil {
		return nil
	}
	if rng.IntN(2) == 0 {
		w.IMAP.DropAfter(time.Duration(100+rng.IntN(400)) * time.Millisecond)
	}
	return w.Plan[world.IMAP].Add(some(rng, []sandbox.Fault{
		{Kind: "500", Skip: rng.IntN(10), Times: times()},
		{Kind: sandbox.Truncate, Skip: rng.IntN(20), Times: times()},
		{Kind: sandbox.Drop, Skip: rng.IntN(20), Times: times()},
		{Kind: sandbox.HTML, Skip: rng.IntN(20), Times: times()},
	}, 2)...)
}

// some returns up to most of the faults.
func some(rng *rand.Rand, list []sandbox.Fault, most int) []sandbox.Fault {
	rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list[:rng.IntN(most+1)]
}

// behave ends all faults. Left over ones would pile up over the rounds and look like a program that hangs.
func behave(w *world.World) {
	for _, p := range w.Plan {
		p.Clear()
	}
	if w.IMAP != nil {
		w.IMAP.DropAfter(0)
	}
}
