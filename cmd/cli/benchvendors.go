package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/connectors/sandbox/world"
)

// vendors are simulated ones in a process of their own, so that their CPU is not counted.
type vendors struct {
	access map[string]map[string]string
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process is no more
}

func startVendors(ctx context.Context, customers int, flags ...string) (*vendors, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := append([]string{"sandbox", "--json", "--people-only", "--customers", strconv.Itoa(customers)}, flags...)
	v := &vendors{cmd: exec.CommandContext(ctx, self, args...)}
	v.cmd.Env = append(os.Environ(), cpuProfile+"=", memProfile+"=")
	out, err := v.cmd.StdoutPipe()
	if err == nil {
		err = v.cmd.Start()
	}
	if err != nil {
		return nil, err
	}
	if err := json.NewDecoder(out).Decode(&v.access); err != nil {
		kill(v.cmd)
		return nil, fmt.Errorf("start vendors: %w", err)
	}
	v.ended = make(chan struct{})
	go func() {
		_ = v.cmd.Wait()
		close(v.ended)
	}()
	return v, nil
}

// stop ends the vendors and waits for that.
func (v *vendors) stop() {
	_ = v.cmd.Process.Kill()
	<-v.ended
}

// traffic is what a simulator counted.
type traffic struct {
	Totals sandbox.Totals  `json:"totals"`
	Routes []sandbox.Count `json:"routes"`
}

// of returns how many requests of a method went to routes that hold a word.
func (t traffic) of(method, word string) int {
	n := 0
	for _, c := range t.Routes {
		if c.Method == method && strings.Contains(c.Class, word) {
			n += c.Requests
		}
	}
	return n
}

// refused is the share of requests that were answered 429.
func (t traffic) refused() float64 {
	return float64(t.Totals.Limited) / max(1, float64(t.Totals.Requests))
}

func (v *vendors) traffic(ctx context.Context, vendor string) (t traffic, err error) {
	return t, get(ctx, v.access[vendor]["control_url"]+"log", "", &t)
}

// tasks returns how many tasks the project tool has.
func (v *vendors) tasks(ctx context.Context) (int, error) {
	var state struct {
		Tasks int `json:"tasks"`
	}
	err := get(ctx, v.access[world.Asana]["control_url"]+"state", "", &state)
	return state.Tasks, err
}

// await returns when the project tool has that many tasks.
func (v *vendors) await(ctx context.Context, most time.Duration, enough int) error {
	ctx, cancel := context.WithTimeout(ctx, most)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		n, err := v.tasks(ctx)
		if err != nil || n >= enough {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("%d of %d tasks after %s", n, enough, most)
		}
	}
}

// audit asks the project tool which of n contacts have no task and how many tasks are too many.
func (v *vendors) audit(ctx context.Context, n int) (missing, doubled int, err error) {
	as := v.access[world.Asana]
	shown := map[string]int{}
	offset := ""
	var project string
	if project, err = v.project(ctx); err != nil {
		return 0, 0, err
	}
	for {
		var page struct {
			Data []struct{ Notes string } `json:"data"`
			Next *struct{ Offset string } `json:"next_page"`
		}
		q := url.Values{"limit": {"100"}, "opt_fields": {"notes"}}
		if offset != "" {
			q.Set("offset", offset)
		}
		if err := get(ctx, as["base_url"]+"/projects/"+project+"/tasks?"+q.Encode(), as["app_token"], &page); err != nil {
			return 0, 0, err
		}
		for _, task := range page.Data {
			_, ref, _ := strings.Cut(task.Notes, "Source: ")
			ref, _, _ = strings.Cut(ref, "\n")
			if shown[ref]++; shown[ref] > 1 {
				doubled++
			}
		}
		if page.Next == nil {
			return n - len(shown), doubled, nil
		}
		offset = page.Next.Offset
	}
}

// project returns the id of the project the hub has made.
func (v *vendors) project(ctx context.Context) (string, error) {
	var state struct {
		Projects []struct{ GID, Name string } `json:"projects"`
	}
	if err := get(ctx, v.access[world.Asana]["control_url"]+"state", "", &state); err != nil {
		return "", err
	}
	for _, p := range state.Projects {
		if p.Name == "Bench" {
			return p.GID, nil
		}
	}
	return "", errors.New("the project tool has no project Bench")
}

func get(ctx context.Context, address, token string, out any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("ask the simulator: HTTP %d", resp.StatusCode)
	}
	return json.NewDecoder(resp.Body).Decode(out)
}
