package receive

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"
)

// ServerOptions say where the receiver listens.
type ServerOptions struct {
	Listen      string
	Cert, Key   string // PEM files, read again when they change; both empty = no TLS
	Connections int    // most at the same time; 0 = 512
	Log         *slog.Logger
}

const (
	defaultConnections = 512
	// headerTime and readTime bound how long a slow client holds a connection: until its headers, and until its whole body.
	headerTime = 5 * time.Second
	readTime   = 10 * time.Second
	// writeTime is longer than any vendor waits for an answer.
	writeTime  = 30 * time.Second
	idleTime   = time.Minute
	headerSize = 16 << 10
)

// Server is a listening receiver.
type Server struct {
	http  *http.Server
	ln    net.Listener
	ended chan struct{}
}

// Listen begins to serve.
func Listen(handler http.Handler, o ServerOptions) (*Server, error) {
	if o.Connections <= 0 {
		o.Connections = defaultConnections
	}
	var certs *certificate
	if o.Cert != "" || o.Key != "" {
		certs = &certificate{certFile: o.Cert, keyFile: o.Key, log: o.Log}
		if err := certs.load(); err != nil {
			return nil, err
		}
	}
	ln, err := net.Listen("tcp", o.Listen)
	if err != nil {
		return nil, fmt.Errorf("receive webhooks: %w; set webhooks.listen to a free address", err)
	}
	crowd := newCrowd(o.Connections)
	s := &Server{ln: ln, ended: make(chan struct{}), http: &http.Server{
		Handler: handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime, IdleTimeout: idleTime,
		MaxHeaderBytes: headerSize, ConnState: crowd.state, ErrorLog: slog.NewLogLogger(muted{o.Log.Handler()}, slog.LevelDebug)}}
	// One request of a connection at a time, so that the number of connections bounds that of requests.
	s.http.Protocols = new(http.Protocols)
	s.http.Protocols.SetHTTP1(true)
	var serving net.Listener = &cappedListener{Listener: ln, crowd: crowd}
	if certs != nil {
		serving = tls.NewListener(serving, &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: certs.get, NextProtos: []string{"http/1.1"}})
	}
	go func() { defer close(s.ended); _ = s.http.Serve(serving) }()
	return s, nil
}

// muted is a log without the server's complaints about clients: they name addresses, and anybody can cause them.
type muted struct{ slog.Handler }

func (muted) Enabled(context.Context, slog.Level) bool { return false }

// Address returns where it listens.
func (s *Server) Address() string { return s.ln.Addr().String() }

// Close takes nothing new and lets what was begun end, for at most grace.
func (s *Server) Close(grace time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := s.http.Shutdown(ctx); err != nil {
		_ = s.http.Close()
	}
	<-s.ended
}
