package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// scriptDeadline bounds every wait of a script.
const scriptDeadline = 30 * time.Second

var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"start": scriptStart, "signal": scriptSignal, "ended": scriptEnded, "access": scriptAccess,
	"exits": scriptExits, "until": scriptUntil, "http": scriptHTTP, "board": scriptBoard, "records": scriptRecords,
	"receives": scriptReceives, "hook": scriptHook,
}

// background is a program started by a script.
type background struct {
	cmd      *exec.Cmd
	out, err output
	done     chan struct{}
}

// output is a buffer that is written while it is read.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

// backgrounds holds the programs by script and name.
var backgrounds sync.Map

func running(ts *testscript.TestScript, name string) *background {
	b, ok := backgrounds.Load(ts.Name() + "/" + name)
	if !ok {
		ts.Fatalf("nothing was started as %q", name)
	}
	return b.(*background)
}

// scriptEnv is what a program that a command of ours runs sees of the script's environment.
var scriptEnv = []string{"PATH", "HOME", "TMPDIR", "WORK", "HUBSPOT_TOKEN", "HUBSPOT_URL", "HUBSPOT_PORTAL_ID",
	"HUBSPOT_APP_ID", "HUBSPOT_DEVELOPER_API_KEY", "ZENDESK_TOKEN", "ZENDESK_URL", "ASANA_TOKEN", "ASANA_URL",
	"ASANA_WORKSPACE", "ADMIN", "HUBSPOT_CLIENT_ID", "HUBSPOT_CLIENT_SECRET", "FAKE_BROWSER", "HUB", "ZENDESK_SECRET", "FORWARD_KEY", "ACTIVECAMPAIGN_URL", "ACTIVECAMPAIGN_API_TOKEN"}

func scriptStart(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 3 {
		ts.Fatalf("usage: start NAME REGEXP PROGRAM ARG...")
	}
	b := &background{done: make(chan struct{}), cmd: command(ts, args[2:])}
	b.cmd.Stdout, b.cmd.Stderr = &b.out, &b.err
	ts.Check(b.cmd.Start())
	backgrounds.Store(ts.Name()+"/"+args[0], b)
	go func() { _ = b.cmd.Wait(); close(b.done) }()
	ts.Defer(func() {
		_ = b.cmd.Process.Kill()
		<-b.done
		backgrounds.Delete(ts.Name() + "/" + args[0])
	})
	want := regexp.MustCompile(args[1])
	for deadline := time.Now().Add(scriptDeadline); !want.MatchString(b.out.String() + b.err.String()); {
		select {
		case <-b.done:
			ts.Fatalf("%s ended before its output matched %s:\n%s%s", args[0], want, &b.out, &b.err)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			ts.Fatalf("output of %s does not match %s:\n%s%s", args[0], want, &b.out, &b.err)
		}
	}
}

// command makes a program run as the script itself would run it.
func command(ts *testscript.TestScript, args []string) *exec.Cmd {
	cmd := exec.Command(program(ts, args[0]), args[1:]...)
	cmd.Dir = ts.MkAbs(".")
	for _, name := range scriptEnv {
		cmd.Env = append(cmd.Env, name+"="+ts.Getenv(name))
	}
	return cmd
}

// program finds a program on the script's path.
func program(ts *testscript.TestScript, name string) string {
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if path, err := exec.LookPath(filepath.Join(dir, name)); err == nil {
			return path
		}
	}
	ts.Fatalf("there is no program %q", name)
	return ""
}

var signalNames = map[string]os.Signal{"TERM": syscall.SIGTERM, "INT": os.Interrupt, "KILL": os.Kill}

func scriptSignal(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(running(ts, args[0]).cmd.Process.Signal(signalNames[args[1]]))
}

func scriptEnded(ts *testscript.TestScript, _ bool, args []string) {
	b := running(ts, args[0])
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	select {
	case <-b.done:
	case <-time.After(scriptDeadline):
		ts.Fatalf("%s does not end:\n%s%s", args[0], &b.out, &b.err)
	}
	_, _ = io.WriteString(ts.Stdout(), b.out.String())
	_, _ = io.WriteString(ts.Stderr(), b.err.String())
	if got := b.cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("%s ended with %d, want %d:\n%s%s", args[0], got, want, &b.out, &b.err)
	}
}

func scriptAccess(ts *testscript.TestScript, _ bool, args []string) {
	var access map[string]map[string]string
	line, _, _ := strings.Cut(running(ts, args[0]).out.String(), "\n")
	ts.Check(json.Unmarshal([]byte(line), &access))
	for vendor, values := range access {
		for key, value := range values {
			key = strings.ToUpper(strings.Replace(key, "base_url", "url", 1))
			if key == "URL" {
				address, _, _ := strings.Cut(strings.TrimPrefix(value, "http://"), "/")
				ts.Setenv(strings.ToUpper(vendor)+"_ADDRESS", address)
			}
			ts.Setenv(strings.ToUpper(vendor)+"_"+key, value)
		}
	}
}

func scriptExits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%s: %v", args[1], err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("%s ended with %d, want %d", strings.Join(args[1:], " "), got, want)
	}
}

func scriptUntil(ts *testscript.TestScript, _ bool, args []string) {
	want := regexp.MustCompile(args[0])
	for deadline := time.Now().Add(scriptDeadline); ; time.Sleep(50 * time.Millisecond) {
		var text string
		if run := scriptPages[args[1]]; run != nil {
			text = run(ts, args[2:])
		} else {
			out, _ := command(ts, args[1:]).Output()
			text = string(out)
		}
		if want.MatchString(text) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s never printed %s, but:\n%s", strings.Join(args[1:], " "), want, text)
		}
	}
}

// scriptPages are the commands that `until` can run besides programs.
var scriptPages = map[string]func(*testscript.TestScript, []string) string{
	"http":  func(ts *testscript.TestScript, args []string) string { return call(ts, args) },
	"board": func(ts *testscript.TestScript, _ []string) string { return boards(ts) },
}

func scriptHTTP(ts *testscript.TestScript, _ bool, args []string) {
	_, _ = io.WriteString(ts.Stdout(), call(ts, args))
}

func scriptBoard(ts *testscript.TestScript, _ bool, _ []string) {
	_, _ = io.WriteString(ts.Stdout(), boards(ts))
}

func call(ts *testscript.TestScript, args []string) string {
	method, url, body := args[0], args[1], ""
	if len(args) > 2 {
		body = args[2]
	}
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	for _, vendor := range []string{"HUBSPOT", "ASANA"} {
		if base := ts.Getenv(vendor + "_URL"); base != "" && strings.HasPrefix(url, base) {
			req.Header.Set("Authorization", "Bearer "+ts.Getenv(vendor+"_TOKEN"))
		}
	}
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	ts.Check(err)
	return string(text)
}

var boardLink = regexp.MustCompile(`href="(/board/\d+)"`)

// boards returns the pages of all projects, one after the other.
func boards(ts *testscript.TestScript) string {
	first := ts.Getenv("ASANA_BOARD_URL")
	root := strings.TrimSuffix(first, "/board")
	var all strings.Builder
	for _, m := range boardLink.FindAllStringSubmatch(call(ts, []string{"GET", first}), -1) {
		all.WriteString(call(ts, []string{"GET", root + m[1]}))
	}
	return all.String()
}
