package receive

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// crowd keeps the number of connections below a cap. When it is reached, one that idles makes room for the one that comes;
// when none idles the newcomer is turned away, and a vendor comes again.
type crowd struct {
	mu    sync.Mutex
	most  int
	count int
	idle  *list.List // of net.Conn, the longest idle first
	where map[net.Conn]*list.Element
}

func newCrowd(most int) *crowd {
	return &crowd{most: most, idle: list.New(), where: map[net.Conn]*list.Element{}}
}

// state is http.Server.ConnState.
func (c *crowd) state(conn net.Conn, s http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.where[conn]; e != nil {
		c.idle.Remove(e)
		delete(c.where, conn)
	}
	if s == http.StateIdle {
		c.where[conn] = c.idle.PushBack(conn)
	}
}

// enter reports whether a connection may stay, and which one is to be closed for it.
func (c *crowd) enter() (instead net.Conn, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.count >= c.most {
		e := c.idle.Front()
		if e == nil {
			return nil, false
		}
		instead = c.idle.Remove(e).(net.Conn)
		delete(c.where, instead)
	}
	c.count++
	return instead, true
}

func (c *crowd) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count--
}

// cappedListener accepts what the crowd has room for and closes the rest at once.
type cappedListener struct {
	net.Listener
	crowd *crowd
}

// Accept implements net.Listener.
func (l *cappedListener) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		instead, ok := l.crowd.enter()
		if instead != nil {
			_ = instead.Close()
		}
		if ok {
			return &member{Conn: conn, crowd: l.crowd}, nil
		}
		_ = conn.Close()
	}
}

// member is a connection that counts until it is closed.
type member struct {
	net.Conn
	crowd *crowd
	once  sync.Once
}

// Close implements net.Conn.
func (m *member) Close() error {
	err := m.Conn.Close()
	m.once.Do(m.crowd.leave)
	return err
}
