package router

// Asked reports whether somebody waits for a pass of the stream and the nudge for it came while a page was handled.
func (r *Router) Asked(key string) bool {
	s := r.stream(key)
	if s == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.busy && s.again && len(s.waiting) > 0
}
