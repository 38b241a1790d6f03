package cli

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var receivesAt = regexp.MustCompile(`webhooks=(127\.0\.0\.1:[0-9]+)`)

// scriptReceives sets a variable to where a program that was started receives webhooks.
func scriptReceives(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: receives NAME VARIABLE")
	}
	m := receivesAt.FindStringSubmatch(running(ts, args[0]).err.String())
	if m == nil {
		ts.Fatalf("%s does not say where it receives webhooks", args[0])
	}
	ts.Setenv(args[1], "http://"+m[1])
}

// scriptHook delivers as Zendesk does, by a clock that may be ahead of ours; the status is stdout.
func scriptHook(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 3 && len(args) != 4 {
		ts.Fatalf("usage: hook URL SECRET BODY [AHEAD]")
	}
	at := time.Now()
	if len(args) == 4 {
		ahead, err := time.ParseDuration(args[3])
		ts.Check(err)
		at = at.Add(ahead)
	}
	stamp := at.UTC().Format(time.RFC3339)
	mac := hmac.New(sha256.New, []byte(args[1]))
	mac.Write([]byte(stamp + args[2]))
	req, err := http.NewRequest(http.MethodPost, args[0], strings.NewReader(args[2]))
	ts.Check(err)
	req.Header.Set("X-Zendesk-Webhook-Signature-Timestamp", stamp)
	req.Header.Set("X-Zendesk-Webhook-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	client := &http.Client{Timeout: 10 * time.Second}
	res, err := client.Do(req)
	ts.Check(err)
	ts.Check(res.Body.Close())
	fmt.Fprintln(ts.Stdout(), res.StatusCode)
}
