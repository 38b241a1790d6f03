package asanatest

// place puts m into the section right after ref; a nil ref means at the top.
func (s *section) place(m, ref *membership) {
	m.section = s
	m.prev, m.next = ref, s.head
	if ref != nil {
		m.next = ref.next
		ref.next = m
	} else {
		s.head = m
	}
	if m.next != nil {
		m.next.prev = m
	} else {
		s.tail = m
	}
	s.count++
}

// unlink takes m out of its section. m keeps its own next pointer, so a page that ended on m can go on from it:
// following it leads, over other removed places if need be, to the first one that is still there.
func (m *membership) unlink() {
	if m.gone {
		return
	}
	m.gone = true
	if m.prev != nil {
		m.prev.next = m.next
	} else {
		m.section.head = m.next
	}
	if m.next != nil {
		m.next.prev = m.prev
	} else {
		m.section.tail = m.prev
	}
	m.section.count--
}

// after returns the first place still in use that follows m.
func (m *membership) after() *membership {
	n := m.next
	for n != nil && n.gone {
		n = n.next
	}
	return n
}

// in returns the task's place in a project, or nil.
func (t *task) in(p *project) *membership {
	for _, m := range t.places {
		if m.section.project == p {
			return m
		}
	}
	return nil
}

// put gives the task a new place in the section after ref and takes away the one it had in that project. Places are never
// reused: an offset may still point at the old one.
func (t *task) put(s *section, ref *membership) {
	m := &membership{task: t}
	old := t.in(s.project)
	if old == nil {
		t.places = append(t.places, m)
		s.place(m, ref)
		return
	}
	if ref == old {
		ref = old.prev
	}
	old.unlink()
	for i := range t.places {
		if t.places[i] == old {
			t.places[i] = m
		}
	}
	s.place(m, ref)
}

// leave takes the task out of a project and tells whether it was in it.
func (t *task) leave(p *project) bool {
	for i, m := range t.places {
		if m.section.project == p {
			m.unlink()
			t.places = append(t.places[:i], t.places[i+1:]...)
			return true
		}
	}
	return false
}
