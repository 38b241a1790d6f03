package crashtest

import (
	"fmt"
	"regexp"
	"strings"
	"time"
)

// dayEnds makes a day of digests end after some time.
func (e *everybody) dayEnds(in time.Duration) {
	e.s.t.Helper()
	if err := e.days.endAfter(in); err != nil {
		e.s.t.Fatal(err)
	}
}

// turn has everybody say the opposite, or go for good, now that all is shown, and write a mail that must be told.
func (e *everybody) turn() {
	s := e.s
	s.t.Helper()
	for _, one := range e.lists.people {
		e.mail.ready(one)
	}
	time.Sleep(2 * time.Second)
	for _, one := range e.lists.people {
		if err := e.lists.opposite(one); err != nil {
			s.fail("change: %v", err)
		}
		if _, err := e.mail.writeTo(one); err != nil {
			s.fail("mail: %v", err)
		}
	}
}

// tellDays lets days end until everything is told and shown. A day ends only for who is planned before it does, so everybody
// is changed first; a machine that is busy may need more than one day.
func (e *everybody) tellDays() {
	s := e.s
	s.t.Helper()
	s.at = "when days end, undisturbed"
	var left []string
	for day := range 5 {
		e.dayEnds(time.Duration(5+5*day) * time.Second)
		p := s.daemon()
		e.touchAll(1 + day)
		until(time.Duration(15+15*day)*time.Second, func() bool {
			if left = e.mail.untold(); len(left) == 0 {
				left = e.differences()
			}
			return len(left) == 0
		})
		s.stop(p)
		if len(left) == 0 {
			s.t.Logf("%s: %d mails in %d days, %d people left for good, killed %v", s.t.Name(), len(e.mail.letters), e.days.count, e.lists.left(), s.points)
			return
		}
	}
	s.fail("%d differences after the days of digests:\n%s", len(left), strings.Join(left, "\n"))
}

// touchAll changes everybody a little.
func (e *everybody) touchAll(n int) {
	e.s.t.Helper()
	for _, one := range e.lists.people {
		if err := e.s.world.HubSpot.Set("contacts", map[string]string{"jobtitle": fmt.Sprint("Reader of day ", n)}, one.contact); err != nil {
			e.s.fail("change: %v", err)
		}
	}
}

// dieTelling kills the program while a day is told: what was announced may have been left at the vendor or not.
func (e *everybody) dieTelling() {
	s := e.s
	s.t.Helper()
	path := regexp.MustCompile(`/(stories|batch)$`)
	t := &trap{request: request{vendor: "asana", method: "POST", path: path.String()}, path: path, about: digestHead, done: make(chan struct{}),
		when: []moment{before, during, after}[s.rng.IntN(3)]}
	s.begin = func() { e.dayEnds(5 * time.Second) }
	s.at = "killed while a day is told, at " + t.String()
	e.touchAll(0)
	s.die([]string{"daemon"}, t, 15*time.Second)
}
