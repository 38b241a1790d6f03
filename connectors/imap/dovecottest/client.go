//go:build unix

package dovecottest

import (
	"bufio"
	"fmt"
	"net"
	"net/textproto"
	"strings"
	"testing"
	"time"
)

// Deliver hands a message over by LMTP (RFC 2033), as a mail server does.
func (s *Server) Deliver(t testing.TB, raw []byte) {
	t.Helper()
	c, err := textproto.Dial("tcp", s.LMTP)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	say := func(want int, format string, args ...any) {
		t.Helper()
		if format != "" {
			if err := c.PrintfLine(format, args...); err != nil {
				t.Fatal(err)
			}
		}
		if _, text, err := c.ReadResponse(want); err != nil {
			t.Fatalf("LMTP: %v %s", err, text)
		}
	}
	say(220, "")
	say(250, "LHLO tester.example")
	say(250, "MAIL FROM:<bounces@tester.example>")
	say(250, "RCPT TO:<%s>", User)
	say(354, "DATA")
	w := c.DotWriter()
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	say(250, "")
}

// Client is another client of the mailbox, which changes it.
type Client struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
	w    *bufio.Writer
	n    int
}

// Client signs in.
func (s *Server) Client(t testing.TB) *Client {
	t.Helper()
	conn, err := net.Dial("tcp", s.Plain)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	c := &Client{t: t, conn: conn, r: bufio.NewReader(conn), w: bufio.NewWriterSize(conn, 1<<16)}
	if _, err := c.r.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	c.Do("LOGIN %s %s", User, Password)
	return c
}

// Do sends a command that must succeed and returns the lines of its answer.
func (c *Client) Do(format string, args ...any) (lines []string) {
	c.t.Helper()
	c.n++
	tag := fmt.Sprintf("a%d", c.n)
	fmt.Fprintf(c.w, tag+" "+format+"\r\n", args...)
	if err := c.w.Flush(); err != nil {
		c.t.Fatal(err)
	}
	_ = c.conn.SetReadDeadline(time.Now().Add(time.Minute))
	for {
		line, err := c.r.ReadString('\n')
		if err != nil {
			c.t.Fatal(err)
		}
		line = strings.TrimRight(line, "\r\n")
		if rest, ok := strings.CutPrefix(line, tag+" "); ok {
			if !strings.HasPrefix(rest, "OK") {
				c.t.Fatalf("the server says %s", rest)
			}
			return lines
		}
		lines = append(lines, line)
	}
}

// Append puts messages into a folder, many at a time (RFC 3502).
func (c *Client) Append(folder string, flags string, raw ...[]byte) {
	c.t.Helper()
	const batch = 1000
	for len(raw) > 0 {
		n := min(batch, len(raw))
		var b strings.Builder
		fmt.Fprintf(&b, "APPEND %q", folder)
		for _, one := range raw[:n] {
			fmt.Fprintf(&b, " (%s) {%d+}\r\n%s", flags, len(one), one)
		}
		c.Do("%s", b.String())
		raw = raw[n:]
	}
}
