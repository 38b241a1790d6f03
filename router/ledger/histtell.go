package ledger

// tell takes an arrival that tells of another record's past: what that one became when the arrival was made is a moment of
// it, for each field, whether or not the record itself is known yet. Moments are a set, so neither their order nor their
// number of arrival matters (invariant 2), and no version of the record takes them away. Nothing else is kept of the
// arrival, neither a record nor its content: what it tells for ever is in the moments.
//
// What was forgotten stays forgotten: a deletion for privacy ends what was before it, an erasure all.
func (c *change) tell(a *arrival) (fate, error) {
	if a.filter != "" {
		return filtered, nil
	}
	refused, err := c.refusedOf(a.about.String(), a.stamp)
	if err != nil {
		return dead, err
	}
	if refused {
		a.suppress()
		return filtered, nil
	}
	if err := c.heard(a); err != nil {
		return dead, err
	}
	slot, err := c.meta(a.about)
	if err != nil {
		return dead, err
	}
	if slot.meta != nil && !a.stamp.after(slot.forgotten) {
		return stale, nil
	}
	f := unchanged
	for _, one := range saidBy(a.body.fresh).claims {
		if len(one.value) > maxMoment {
			continue
		}
		news, err := c.putMoment(a.about, a.stamp, moment{one.field, plain(a.stamp.version), one.value})
		if err != nil {
			return dead, err
		}
		if news {
			f = applied
		}
	}
	return f, nil
}

// heard removes the letter that the arrival was, before rules or its content could be understood.
func (c *change) heard(a *arrival) error {
	slot, err := c.meta(a.key)
	if err != nil || slot.meta == nil {
		return err
	}
	return c.endLetter(a.key, slot, a.stamp)
}
