package receive_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/router/receive"
)

func serve(t *testing.T, b *bench, o receive.ServerOptions) *receive.Server {
	t.Helper()
	o.Listen, o.Log = "127.0.0.1:0", slog.New(slog.NewTextHandler(b.log, nil))
	s, err := receive.Listen(b, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close(time.Second) })
	return s
}

// A connection that idles makes room for one that has something to say; ones that hang do not, but for seconds only.
func TestConnectionsAreCapped(t *testing.T) {
	b := newBench(t, nil, crm())
	s := serve(t, b, receive.ServerOptions{Connections: 4})
	deliver := func(i int) (int, error) {
		client := &http.Client{Transport: &http.Transport{}} // keeps its connection open, and is not used again
		req, _ := http.NewRequest("POST", "http://"+s.Address()+"/hooks/crm", strings.NewReader(fmt.Sprint(i)))
		req.Header = shown.Clone()
		res, err := client.Do(req)
		if err != nil {
			return 0, err
		}
		_, _ = io.Copy(io.Discard, res.Body)
		return res.StatusCode, res.Body.Close()
	}
	for i := range 20 {
		if code, err := deliver(i); code != 200 || err != nil {
			t.Fatalf("delivery %d, with idle connections of others: %d and %v", i, code, err)
		}
	}
	var hanging []net.Conn
	for range 4 {
		conn, err := net.Dial("tcp", s.Address())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		fmt.Fprint(conn, "POST /hooks/crm HTTP/1.1\r\nHost: x\r\n")
		hanging = append(hanging, conn)
	}
	if !eventually(func() bool { _, err := deliver(100); return err != nil }) {
		t.Error("a fifth connection was taken though four are busy")
	}
	_ = hanging[0].Close()
	if !eventually(func() bool { code, _ := deliver(101); return code == 200 }) {
		t.Error("no connection was taken after one had left")
	}
}

func eventually(holds func() bool) bool {
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		if holds() {
			return true
		}
	}
	return false
}

// Slow clients are cut off: whoever sends a byte now and then holds a connection for seconds.
func TestSlowClientsAreCutOff(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for the timeout of headers, five seconds")
	}
	b := newBench(t, nil, crm())
	s := serve(t, b, receive.ServerOptions{})
	conn, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	began := time.Now()
	go func() {
		for range 100 {
			if _, err := io.WriteString(conn, "P"); err != nil {
				return
			}
			time.Sleep(200 * time.Millisecond)
		}
	}()
	_, err = io.Copy(io.Discard, conn)
	if took := time.Since(began); took < 4*time.Second || took > 8*time.Second {
		t.Errorf("cut off after %v with %v, want five seconds", took, err)
	}
}

func TestHeadersAreBounded(t *testing.T) {
	b := newBench(t, nil, crm())
	s := serve(t, b, receive.ServerOptions{})
	conn, err := net.Dial("tcp", s.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /hooks/crm HTTP/1.1\r\nHost: x\r\nX-Token: s3cret\r\nX-Much: %s\r\nContent-Length: 0\r\n\r\n", strings.Repeat("x", 30<<10))
	res, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || res.StatusCode != 431 {
		t.Errorf("got %v and %v, want 431", res, err)
	}
}

func TestTLS(t *testing.T) {
	b := newBench(t, nil, crm())
	cert, key := receive.Pair(t, t.TempDir(), "hooks.example.com")
	s := serve(t, b, receive.ServerOptions{Cert: cert, Key: key})
	conn, err := tls.Dial("tcp", s.Address(), &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2", "http/1.1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	state := conn.ConnectionState()
	if state.PeerCertificates[0].DNSNames[0] != "hooks.example.com" || state.NegotiatedProtocol != "http/1.1" {
		t.Errorf("got %v and %s, want our certificate, and one request of a connection at a time", state.PeerCertificates[0].DNSNames, state.NegotiatedProtocol)
	}
	if _, err := tls.Dial("tcp", s.Address(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS11}); err == nil {
		t.Error("TLS 1.1 was taken")
	}
	if _, err := receive.Listen(b, receive.ServerOptions{Listen: "127.0.0.1:0", Cert: key, Key: cert}); err == nil {
		t.Error("a certificate that is none was taken")
	}
}
