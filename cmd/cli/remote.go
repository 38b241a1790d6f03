package cli

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// One process owns a ledger. A command that meets a running daemon sends its arguments over the daemon's local socket
// and shows what comes back, so that it behaves the same either way.

// maxRequest bounds a request on the socket: a command line.
const maxRequest = 1 << 20

type remoteRequest struct {
	Args    []string `json:"args"`
	TTY     bool     `json:"tty"`
	By      string   `json:"by,omitempty"`      // who gives the command, for what is written down with a name
	Dir     string   `json:"dir,omitempty"`     // what relative names of files start from
	Columns int      `json:"columns,omitempty"` // of the terminal that standard output is, 0 = it is none
}

// remoteFrame is one line of the answer: some output, a page to open in the browser where the person is, or the end.
type remoteFrame struct {
	Out  []byte `json:"out,omitempty"`
	Err  []byte `json:"err,omitempty"`
	Open string `json:"open,omitempty"`
	Exit *int   `json:"exit,omitempty"`
}

// errStoppedWaiting is what a person reads who stops a command that the daemon carries out.
var errStoppedWaiting = errors.New("stopped waiting; the daemon keeps everything up to date all the same")

// runRemote runs the command line in the daemon that owns data. found is false when there is none.
func (a *app) runRemote(ctx context.Context, data string) (code int, found bool, err error) {
	socket := findSocket(data)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{Timeout: 2 * time.Second}).DialContext(ctx, "unix", socket)
	}
	transport := &http.Transport{DialContext: dial, DisableKeepAlives: true}
	defer transport.CloseIdleConnections()
	body, err := json.Marshal(remoteRequest{Args: a.args, TTY: a.tty, By: a.by, Dir: a.dir, Columns: a.columns})
	if err != nil {
		return 0, false, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://millrace/run", bytes.NewReader(body))
	if err != nil {
		return 0, false, err
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" {
			return 0, false, nil
		}
		if ctx.Err() != nil {
			return exitRuntime, true, errStoppedWaiting
		}
		return exitRuntime, true, fmt.Errorf("talk to the daemon over %s: %w", socket, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return exitRuntime, true, fmt.Errorf("the daemon does not take the command (HTTP %d): is it an older version? restart it", resp.StatusCode)
	}
	code, err = a.copyFrames(resp.Body)
	if err != nil && ctx.Err() != nil {
		err = errStoppedWaiting
	}
	return code, true, err
}

func (a *app) copyFrames(r io.Reader) (int, error) {
	dec := json.NewDecoder(bufio.NewReader(r))
	for {
		var f remoteFrame
		if err := dec.Decode(&f); err != nil {
			return exitRuntime, errors.New("the daemon ended before the command did; nothing is lost, run the command again")
		}
		if _, err := a.out.Write(f.Out); err != nil {
			return exitRuntime, err
		}
		if _, err := a.errOut.w.Write(f.Err); err != nil {
			return exitRuntime, err
		}
		if f.Open != "" {
			a.open(f.Open)
		}
		if f.Exit != nil {
			return *f.Exit, nil
		}
	}
}

// serveSocket answers commands until ctx ends.
func serveSocket(ctx context.Context, data string, run func(ctx context.Context, req remoteRequest, out, errOut io.Writer) int) (func(), error) {
	ln, remove, err := listenLocal(data)
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /run", func(w http.ResponseWriter, r *http.Request) {
		var req remoteRequest
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxRequest)).Decode(&req); err != nil {
			http.Error(w, "not a command", http.StatusBadRequest)
			return
		}
		frames := &frameWriter{w: w}
		code := run(r.Context(), req, frames.stream(false), frames.stream(true))
		frames.send(remoteFrame{Exit: &code})
	})
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second,
		BaseContext: func(net.Listener) context.Context { return ctx }}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ln) }()
	return func() {
		short, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if server.Shutdown(short) != nil {
			_ = server.Close()
		}
		<-done
		remove()
	}, nil
}

// listenLocal opens the socket for its owner only.
func listenLocal(data string) (net.Listener, func(), error) {
	socket, remove, err := placeSocket(data)
	if err != nil {
		return nil, nil, err
	}
	ln, err := net.Listen("unix", socket)
	if err == nil {
		if err = os.Chmod(socket, 0o600); err != nil {
			_ = ln.Close()
		}
	}
	if err != nil {
		remove()
		return nil, nil, fmt.Errorf("listen on the local socket: %w", err)
	}
	return ln, remove, nil
}

// frameWriter turns two output streams into frames on one connection.
type frameWriter struct {
	mu sync.Mutex
	w  http.ResponseWriter
}

func (f *frameWriter) send(frame remoteFrame) {
	f.mu.Lock()
	defer f.mu.Unlock()
	_ = json.NewEncoder(f.w).Encode(frame)
	if fl, ok := f.w.(http.Flusher); ok {
		fl.Flush()
	}
}

func (f *frameWriter) stream(isErr bool) io.Writer { return frameStream{f, isErr} }

type frameStream struct {
	to    *frameWriter
	isErr bool
}

// openPage has the other side open a page in the browser.
func (s frameStream) openPage(address string) { s.to.send(remoteFrame{Open: address}) }

func (s frameStream) Write(p []byte) (int, error) {
	if s.isErr {
		s.to.send(remoteFrame{Err: p})
	} else {
		s.to.send(remoteFrame{Out: p})
	}
	return len(p), nil
}
