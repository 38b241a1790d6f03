package ledger

import "slices"

// settleMerges lets the merges take place that waited for an entity's calls.
func (c *change) settleMerges(target string, s *Settlement, done *Settled) error {
	if s.Quiet {
		if err := c.quiet(target, s.Entity); err != nil {
			return err
		}
	}
	if to := c.heir(target, s.Entity); to != "" {
		if s.Reject != "" { // it will not be found out: the heir goes on alone, and a person has the letter
			return c.disinherit(target, s.Entity)
		}
		if err := c.tryHeir(target, s.Entity, to, s, done); err != nil {
			return err
		}
	}
	for _, from := range c.legacies(target, s.Entity) {
		if err := c.tryHeir(target, from, s.Entity, s, done); err != nil {
			return err
		}
	}
	return c.tx.Err()
}

// tryHeir hands over when no doubt is left and marks both, so that the one is shown as it is now and what is left of the
// other is closed. While there is doubt, who has it keeps a mark that brings it up again.
func (c *change) tryHeir(target, from, to string, s *Settlement, done *Settled) error {
	now, err := c.heirOf(from) // the records may have gone on since
	if err != nil {
		return err
	}
	if now != "" && now != to {
		if err := c.await(target, from, now); err != nil {
			return err
		}
		to = now
	}
	if _, err := c.handOver(target, from, to); err != nil {
		return err
	}
	waits := c.heir(target, from) != ""
	if !waits {
		done.Moved++
	}
	for _, entity := range []string{from, to} {
		if waits && (c.tx.Get(bDirty, c.l.at(target, entity)) != nil || entity == s.Entity && s.Reject != "") {
			continue // a rejected one has a letter instead
		}
		links, err := readLinks(c.tx, c.l, target, entity)
		if err != nil {
			return err
		}
		if !waits || slices.ContainsFunc(links, func(k Link) bool { return k.InDoubt }) {
			if err := c.mark([]string{target}, entity); err != nil {
				return err
			}
		}
	}
	return nil
}

// quiet turns doubt about objects that have a link into not knowing what they show: the next write compares.
func (c *change) quiet(target, entity string) error {
	links, err := readLinks(c.tx, c.l, target, entity)
	if err != nil {
		return err
	}
	for _, k := range links {
		if !k.InDoubt || k.Link == "" {
			continue
		}
		old := k
		if k.Foreign() { // the call may have given it its own key, or not
			k.Carries = union(k.Carries, []string{k.Key})
		} else {
			k.Carries = nil // one that had given its key up may have got it back
		}
		k.Item, k.Hash, k.Closed, k.Merged, k.InDoubt = nil, 0, false, false, false
		if err := c.putLink(target, entity, &old, &k); err != nil {
			return err
		}
		if err := c.tx.Delete(bIntent, c.l.at(target, entity, k.Key)); err != nil {
			return err
		}
	}
	return nil
}

// adoptForHeir hands an adopted link on when its entity was merged before.
func (c *change) adoptForHeir(target, entity string) error {
	slot, err := c.entity(entity)
	if err != nil || slot.now != nil {
		return err
	}
	heir, err := c.heirOf(entity)
	if err != nil || heir == "" {
		return err
	}
	if _, err := c.handOver(target, entity, heir); err != nil {
		return err
	}
	for _, name := range []string{entity, heir} {
		if err := c.mark([]string{target}, name); err != nil {
			return err
		}
	}
	return nil
}
