package canonical

import (
	"strings"
	"sync"
)

// memo remembers the results of a pure function of a text that is dear and asked the same again and again. When it is
// full it begins anew: what a page needs is there again after the page.
type memo[V any] struct {
	limit int
	make  func(string) V
	mu    sync.RWMutex
	known map[string]V
}

// get returns the function's result; the text may share memory with a record, it is copied when it is kept.
func (m *memo[V]) get(key string) V {
	m.mu.RLock()
	v, ok := m.known[key]
	m.mu.RUnlock()
	if ok {
		return v
	}
	key = strings.Clone(key)
	v = m.make(key)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= m.limit {
		m.known = map[string]V{}
	}
	m.known[key] = v
	return v
}
