package sandbox

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server is a simulator that listens.
type Server struct {
	// URL is the base address, without a slash at the end.
	URL string

	srv  *http.Server
	done chan error
}

// Listen serves h on addr and returns once connections are accepted; an empty addr is a free port of 127.0.0.1.
// A Handler made by Wrap has its connections counted. The caller closes the server.
func Listen(h http.Handler, addr string) (*Server, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	s := &Server{URL: "http://" + ln.Addr().String(), done: make(chan error, 1)}
	s.srv = &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	if c, ok := h.(interface {
		ConnState(net.Conn, http.ConnState)
	}); ok {
		s.srv.ConnState = c.ConnState
	}
	go func() { s.done <- s.srv.Serve(ln) }()
	return s, nil
}

// Close ends the server and its connections at once and waits for its goroutine; calling it again is harmless.
func (s *Server) Close() error {
	err := s.srv.Close()
	if served := <-s.done; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, fmt.Errorf("serve: %w", served))
	}
	s.done <- http.ErrServerClosed
	return err
}
