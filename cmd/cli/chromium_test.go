package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// chromium is a real browser that a test drives through its debugging pipe: JSON messages that end with a zero byte
// (https://chromedevtools.github.io/devtools-protocol/).
type chromium struct {
	in      io.Writer
	out     *bufio.Reader
	id      int
	session string
}

// startChromium starts a browser with an empty profile and one empty page. Without MILLRACE_BROWSER the test is skipped.
func startChromium(t *testing.T) *chromium {
	t.Helper()
	if os.Getenv("MILLRACE_BROWSER") == "" {
		t.Skip("NOT TESTED: signing in with a real browser; set MILLRACE_BROWSER=1 where Chromium is installed")
	}
	theirIn, in, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	out, theirOut, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--no-first-run", "--user-data-dir="+browserProfile(t), "--remote-debugging-pipe")
	cmd.ExtraFiles = []*os.File{theirIn, theirOut}
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_, _ = theirIn.Close(), theirOut.Close()
	t.Cleanup(func() { // closing its input ends it
		_ = in.Close()
		_ = cmd.Wait()
		_ = out.Close()
	})
	_ = out.SetReadDeadline(time.Now().Add(2 * browserTime))
	c := &chromium{in: in, out: bufio.NewReader(out)}
	target, err := c.call("Target.createTarget", map[string]any{"url": "about:blank"})
	if err != nil {
		t.Fatal(err)
	}
	attached, err := c.call("Target.attachToTarget", map[string]any{"targetId": target["targetId"], "flatten": true})
	if err != nil {
		t.Fatal(err)
	}
	c.session, _ = attached["sessionId"].(string)
	return c
}

// browserProfile is an empty profile that goes with the test. The browser's helpers outlive it for a moment and still write,
// so that t.TempDir finds its folder not empty.
func browserProfile(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "millrace-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
			if err := os.RemoveAll(dir); err == nil || time.Now().After(deadline) {
				return // what is left is the machine's to clean up, and no fault of what was tested
			}
		}
	})
	return dir
}

// call sends a command and returns its result; events on the way are passed over.
func (c *chromium) call(method string, params map[string]any) (map[string]any, error) {
	c.id++
	message := map[string]any{"id": c.id, "method": method, "params": params}
	if c.session != "" {
		message["sessionId"] = c.session
	}
	text, err := json.Marshal(message)
	if err != nil {
		return nil, err
	}
	if _, err := c.in.Write(append(text, 0)); err != nil {
		return nil, err
	}
	for {
		text, err := c.out.ReadBytes(0)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", method, err)
		}
		var answer struct {
			ID     int
			Result map[string]any
			Error  *struct{ Message string }
		}
		if err := json.Unmarshal(text[:len(text)-1], &answer); err != nil {
			return nil, err
		}
		switch {
		case answer.ID != c.id:
		case answer.Error != nil:
			return nil, fmt.Errorf("%s: %s", method, answer.Error.Message)
		default:
			return answer.Result, nil
		}
	}
}

// eval runs a JavaScript expression in the page and returns it as text.
func (c *chromium) eval(expression string) (string, error) {
	result, err := c.call("Runtime.evaluate", map[string]any{"expression": "String(" + expression + ")"})
	if err != nil {
		return "", err
	}
	inner, _ := result["result"].(map[string]any)
	text, _ := inner["value"].(string)
	return text, nil
}

// until evaluates an expression until the page says what is wanted.
func (c *chromium) until(expression, want string) error {
	var got string
	for deadline := time.Now().Add(browserTime); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
		var err error
		if got, err = c.eval(expression); err != nil {
			return err
		}
		if strings.Contains(got, want) {
			return nil
		}
	}
	return fmt.Errorf("%s gives %q, want %q", expression, got, want)
}

// press goes to a page, presses the button with that label and waits for the page after it to say something.
func (c *chromium) press(address, label, then string) error {
	if _, err := c.call("Page.navigate", map[string]any{"url": address}); err != nil {
		return err
	}
	button := fmt.Sprintf("[...document.querySelectorAll('button, input[type=submit]')].find(b => (b.textContent || b.value).trim() === %q)", label)
	if err := c.until("!!"+button, "true"); err != nil {
		text, _ := c.eval("document.documentElement.outerHTML")
		return fmt.Errorf("no button %q: %w\n%s", label, err, text)
	}
	if _, err := c.eval(button + ".click()"); err != nil {
		return err
	}
	return c.until("document.body.innerText", then)
}
