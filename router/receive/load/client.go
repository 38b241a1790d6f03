package load

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"hash"
	"net"
	"net/http"
	"strconv"
	"time"
)

// client posts one delivery after the other.
type client struct {
	*shared
	place int // among the clients
	mac   hash.Hash
	note  []byte // what fills the bodies
	conn  net.Conn
	in    *bufio.Reader
	body  []byte // of the delivery at hand, as its request is
	out   []byte

	codes map[int]int64
	times []time.Duration
}

func newClient(s *shared, place int) *client {
	return &client{shared: s, place: place, mac: hmac.New(sha256.New, []byte(s.Secret)), note: bytes.Repeat([]byte("x"), s.Size), codes: map[int]int64{}}
}

func (c *client) run(ctx context.Context) {
	defer c.hangUp()
	for n := 0; ctx.Err() == nil && !c.enough(); n++ {
		due := c.wait(ctx, n)
		if ctx.Err() != nil {
			return
		}
		number := c.number.Add(1)
		code := c.deliver(number)
		c.codes[code]++
		if code == http.StatusOK {
			c.acknowledged(number, time.Since(due))
		} else if c.Rest > 0 {
			pause(ctx, c.Rest)
		}
		if c.Fresh || code == 0 {
			c.hangUp()
		}
	}
}

// wait returns when the client's next delivery is due and not before it. The clients take turns.
func (c *client) wait(ctx context.Context, n int) time.Time {
	if c.Rate <= 0 {
		return time.Now()
	}
	due := c.began.Add(time.Duration(float64(n*c.Clients+c.place) / c.Rate * float64(time.Second)))
	pause(ctx, time.Until(due))
	if c.FromDue {
		return due
	}
	return time.Now()
}

func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

func (c *client) acknowledged(number int64, took time.Duration) {
	c.acked.Add(1)
	if len(c.times) < mostTimes {
		c.times = append(c.times, took)
	}
	if c.Acked != nil {
		c.Acked(number)
	}
}

func (c *client) hangUp() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// answerTime is how long an answer is waited for; no vendor waits for longer.
const answerTime = 30 * time.Second

// deliver posts one body and returns the status, 0 when there was none.
func (c *client) deliver(number int64) int {
	if c.conn == nil {
		conn, err := net.Dial("tcp", c.To)
		if err != nil {
			return 0
		}
		c.conn, c.in = conn, bufio.NewReaderSize(conn, 1<<10)
	}
	c.write(number)
	if c.conn.SetDeadline(time.Now().Add(answerTime)) != nil {
		return 0
	}
	if _, err := c.conn.Write(c.out); err != nil {
		return 0
	}
	return c.status()
}

// status reads an answer without a body and returns its status, 0 when it cannot be read.
func (c *client) status() int {
	line, err := c.in.ReadSlice('\n')
	if err != nil || len(line) < 12 {
		return 0
	}
	code, _ := strconv.Atoi(string(line[9:12]))
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return 0
		}
		if len(line) <= 2 {
			return code
		}
		if bytes.HasPrefix(line, []byte("Connection: close")) {
			defer c.hangUp()
		}
	}
}

// write makes the request of a delivery: what a trigger of Zendesk's sends, with Zendesk's signature.
func (c *client) write(number int64) {
	ticket := number
	if c.Tickets > 0 {
		ticket = number%c.Tickets + 1
	}
	b := append(c.body[:0], `{"ticket_id":"`...)
	b = strconv.AppendInt(b, ticket, 10)
	b = append(b, `","number":`...)
	b = strconv.AppendInt(b, number, 10)
	b = append(b, `,"note":"`...)
	b = append(b, c.note...)
	c.body = append(b, `"}`...)

	var stamp [len(time.RFC3339)]byte
	at := time.Now().UTC().AppendFormat(stamp[:0], time.RFC3339)
	c.mac.Reset()
	c.mac.Write(at)
	c.mac.Write(c.body)
	var sum [sha256.Size]byte

	b = append(c.out[:0], "POST "...)
	b = append(b, c.Path...)
	b = append(b, " HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Type: application/json\r\nUser-Agent: Zendesk Webhook\r\nX-Zendesk-Webhook-Signature-Timestamp: "...)
	b = append(b, at...)
	b = append(b, "\r\nX-Zendesk-Webhook-Signature: "...)
	b = base64.StdEncoding.AppendEncode(b, c.mac.Sum(sum[:0]))
	b = append(b, "\r\nContent-Length: "...)
	b = strconv.AppendInt(b, int64(len(c.body)), 10)
	b = append(b, "\r\n\r\n"...)
	c.out = append(b, c.body...)
}
