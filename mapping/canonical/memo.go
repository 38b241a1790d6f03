package canonical

import "sync"

// memo remembers the results of a pure function that is dear and asked the same again and again. When it is full it
// begins anew: what a page needs is there again after the page.
type memo[K comparable, V any] struct {
	limit int
	mu    sync.RWMutex
	known map[K]V
}

func (m *memo[K, V]) get(key K, make func(K) V) V {
	m.mu.RLock()
	v, ok := m.known[key]
	m.mu.RUnlock()
	if ok {
		return v
	}
	v = make(key)
	m.put(key, v)
	return v
}

func (m *memo[K, V]) put(key K, v V) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.known == nil || len(m.known) >= m.limit {
		m.known = map[K]V{}
	}
	m.known[key] = v
}
