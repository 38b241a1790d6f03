package cli

import (
	"context"
	"html"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/millrace/millrace/connectors/all"
	"github.com/millrace/millrace/connectors/sandbox/world"
	"github.com/millrace/millrace/router"
)

// browserTime bounds one page: a cold Chromium on a busy machine.
const browserTime = 60 * time.Second

// dom returns a page as Chromium has built it. Without MILLRACE_BROWSER the test is skipped.
func dom(t *testing.T, address string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), browserTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--no-first-run", "--user-data-dir="+browserProfile(t), "--dump-dom", address)
	cmd.WaitDelay = 5 * time.Second
	page, err := cmd.Output()
	if err != nil {
		t.Fatalf("chromium %s: %v", address, err)
	}
	return html.UnescapeString(string(page))
}

// What the demo shows a person is what was synced: every task's title under its section, in a real browser.
func TestBoardShowsTheWorkInABrowser(t *testing.T) {
	if os.Getenv("MILLRACE_BROWSER") == "" {
		t.Skip("NOT TESTED: the board in a browser; set MILLRACE_BROWSER=1 where Chromium is installed")
	}
	w, err := world.Start(world.Options{Customers: 40, Seed: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	a := &app{connectors: all.List, out: io.Discard, errOut: &screen{w: io.Discard}}
	h, err := openDemo(t.Context(), a, t.TempDir(), w)
	if err != nil {
		t.Fatal(err)
	}
	defer h.close()
	stop := h.start(t.Context())
	ctx, cancel := context.WithTimeout(t.Context(), browserTime)
	defer cancel()
	if err := h.router.Backfill(ctx, router.Scope{}); err != nil {
		t.Fatal(err)
	}
	if err := stop(); err != nil {
		t.Fatal(err)
	}

	front := w.Access()[world.Asana]["board_url"]
	index, pages := dom(t, front), map[string]string{}
	for _, task := range w.Asana.Tasks() {
		for _, place := range task.Places {
			page, seen := pages[place.ProjectGID]
			if !seen {
				if !strings.Contains(index, place.Project) {
					t.Errorf("the list of projects does not show %q", place.Project)
				}
				page = dom(t, front+"/"+place.ProjectGID)
				pages[place.ProjectGID] = page
			}
			column := regexp.MustCompile(`(?s)<h2[^>]*>\s*` + regexp.QuoteMeta(place.Section) + `\s*<.*?</section>`).FindString(page)
			if !strings.Contains(column, task.Name) {
				t.Errorf("the column %q of %q does not show %q", place.Section, place.Project, task.Name)
			}
		}
	}
	if len(pages) != 5 {
		t.Errorf("got %d projects with tasks, want the deals and the tickets of two vendors each, and customers", len(pages))
	}
}
