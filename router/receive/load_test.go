package receive_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// The load test measures the receiver against the floor: the smallest server that verifies the same signature, stores the
// body in bbolt in shared commits, and answers 200. Servers are processes of their own and take turns; what is reported are
// ratios of one run, for absolute figures depend on what else the machine does. It runs when MILLRACE_LOAD says for how long
// each turn lasts:
//
//	MILLRACE_LOAD=3s go test ./router/receive -run TestLoad -v
//
// The generator writes requests by hand, so that it takes little of the processors that it shares with what it measures.
func TestLoad(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("MILLRACE_LOAD"))
	if err != nil {
		t.Skip("MILLRACE_LOAD is not set; it takes minutes, and means something on a quiet machine only")
	}
	for _, fresh := range []bool{false, true} {
		for _, size := range []int{1 << 10, 2 << 10} {
			runs := map[string][]figures{}
			for range 5 {
				for _, kind := range serverKinds {
					runs[kind] = append(runs[kind], measure(t, kind, load{clients: 64, size: size, fresh: fresh, length: length}))
				}
			}
			for _, kind := range serverKinds {
				report(t, kind, size, fresh, runs[kind], runs["floor"])
			}
		}
	}
}

// TestLoadOverTheMaximum offers far more than is stored: what is acknowledged stays quick, the rest is put off, and memory is
// bounded.
func TestLoadOverTheMaximum(t *testing.T) {
	length, err := time.ParseDuration(os.Getenv("MILLRACE_LOAD"))
	if err != nil {
		t.Skip("MILLRACE_LOAD is not set; it takes minutes, and means something on a quiet machine only")
	}
	calm := measure(t, "spool", load{clients: 64, size: 1 << 10, length: length})
	flood := measure(t, "spool slow", load{clients: 480, size: 2 << 10, length: length, bodies: 20})
	t.Logf("64 clients: %v", calm)
	t.Logf("480 clients, each commit 100 ms: %v", flood)
	if flood.codes[503]+flood.codes[429] == 0 {
		t.Errorf("nothing was put off: %v", flood.codes)
	}
	if flood.peak > 64<<20 {
		t.Errorf("memory went up to %d MiB, the most is 64", flood.peak>>20)
	}
}

func report(t *testing.T, kind string, size int, fresh bool, runs, floor []figures) {
	t.Helper()
	var rate, p99, cpu []float64
	for i, f := range runs {
		rate, p99 = append(rate, f.rate/floor[i].rate), append(p99, float64(f.p99)/float64(floor[i].p99))
		cpu = append(cpu, float64(f.cpu)/float64(floor[i].cpu))
	}
	slices.Sort(rate)
	slices.Sort(p99)
	slices.Sort(cpu)
	mid := len(runs) / 2
	how := "keep-alive"
	if fresh {
		how = "fresh"
	}
	t.Logf("%-10s %4d bytes %-10s: rate %.2f [%.2f-%.2f] of the floor's, p99 %.2f [%.2f-%.2f], CPU %.2f [%.2f-%.2f]; at last %v", kind, size, how,
		rate[mid], rate[0], rate[len(rate)-1], p99[mid], p99[0], p99[len(p99)-1], cpu[mid], cpu[0], cpu[len(cpu)-1], runs[len(runs)-1])
}

// load is what a measurement offers.
type load struct {
	clients, size int
	fresh         bool // a connection for each request
	length        time.Duration
	bodies        int // how many a second of one client at most; 0 = as many as it can
}

// figures is what came of it.
type figures struct {
	rate     float64 // acknowledged a second
	p50, p99 time.Duration
	cpu      time.Duration // of the server, for each that it acknowledged
	codes    map[int]int
	peak     int64 // most memory of the server, bytes
}

func (f figures) String() string {
	return fmt.Sprintf("%.0f/s, p50 %v, p99 %v, %v of CPU each, answers %v, memory %d MiB", f.rate, f.p50.Round(10*time.Microsecond), f.p99.Round(10*time.Microsecond), f.cpu.Round(time.Microsecond), f.codes, f.peak>>20)
}

func measure(t *testing.T, kind string, l load) figures {
	t.Helper()
	cmd, address := startServer(t, kind)
	end := sync.OnceFunc(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	defer end()
	ctx, cancel := context.WithTimeout(context.Background(), l.length)
	defer cancel()
	var mu sync.Mutex
	var took []time.Duration
	out := figures{codes: map[int]int{}}
	var all sync.WaitGroup
	began := time.Now()
	all.Go(func() { out.peak = watch(ctx, cmd.Process.Pid) })
	for i := range l.clients {
		all.Go(func() {
			c := &caller{address: address, fresh: l.fresh, size: l.size, number: i * 10_000_000}
			times, codes := c.run(ctx, l.bodies)
			mu.Lock()
			defer mu.Unlock()
			took = append(took, times...)
			for code, n := range codes {
				out.codes[code] += n
			}
		})
	}
	all.Wait()
	out.rate = float64(out.codes[200]) / time.Since(began).Seconds()
	end()
	slices.Sort(took)
	if len(took) == 0 {
		t.Fatalf("%s: nothing was acknowledged: %v", kind, out.codes)
	}
	out.cpu = (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()) / time.Duration(len(took))
	out.p50, out.p99 = took[len(took)/2], took[len(took)*99/100]
	return out
}

// startServer runs this test's program as a server.
func startServer(t *testing.T, kind string) (*exec.Cmd, string) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serverEnv+"="+kind, "MILLRACE_LOAD_DIR="+filepath.Join(t.TempDir()))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the server %s does not start: %v", kind, err)
	}
	return cmd, strings.TrimSpace(line)
}

// watch returns the most memory of its own that a process had until ctx ended, 0 where the system does not say. Pages of the
// mapped file do not count: they are the system's cache, grow with the file, and go when somebody needs the room.
func watch(ctx context.Context, pid int) (peak int64) {
	for tick := time.NewTicker(50 * time.Millisecond); ctx.Err() == nil; <-tick.C {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
		for line := range strings.SplitSeq(string(status), "\n") {
			if rest, ok := strings.CutPrefix(line, "RssAnon:"); ok {
				kb, _ := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(rest, "kB")), 10, 64)
				peak = max(peak, kb<<10)
			}
		}
	}
	return peak
}

// caller is one client.
type caller struct {
	address string
	fresh   bool
	size    int
	number  int
	conn    net.Conn
	in      *bufio.Reader
}

func (c *caller) run(ctx context.Context, perSecond int) (took []time.Duration, codes map[int]int) {
	codes = map[int]int{}
	for ctx.Err() == nil {
		began := time.Now()
		code := c.once()
		if codes[code]++; code == http.StatusOK {
			took = append(took, time.Since(began))
		}
		if c.fresh || code == 0 {
			c.hangUp()
		}
		if perSecond > 0 {
			time.Sleep(time.Until(began.Add(time.Second / time.Duration(perSecond))))
		}
	}
	c.hangUp()
	return took, codes
}

func (c *caller) hangUp() {
	if c.conn != nil {
		_ = c.conn.Close()
		c.conn = nil
	}
}

// once delivers one body and returns the status, 0 when there was none.
func (c *caller) once() int {
	if c.conn == nil {
		conn, err := net.Dial("tcp", c.address)
		if err != nil {
			return 0
		}
		c.conn, c.in = conn, bufio.NewReader(conn)
	}
	c.number++
	if _, err := c.conn.Write(c.request()); err != nil {
		return 0
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil || len(line) < 12 {
		return 0
	}
	code, _ := strconv.Atoi(string(line[9:12]))
	for { // both answer without a body
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

func (c *caller) request() []byte {
	body := `{"ticket_id": "` + strconv.Itoa(c.number) + `", "note": "` + strings.Repeat("x", c.size) + `"}`
	s := schemes[3] // Zendesk's
	header := s.sign(secret, "", body, time.Now())
	var b bytes.Buffer
	fmt.Fprintf(&b, "POST /hooks/zendesk HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Type: application/json\r\nUser-Agent: Zendesk Webhook\r\n")
	for name, values := range header {
		fmt.Fprintf(&b, "%s: %s\r\n", name, values[0])
	}
	fmt.Fprintf(&b, "Content-Length: %d\r\n\r\n%s", len(body), body)
	return b.Bytes()
}
