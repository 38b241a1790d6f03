package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"time"
)

// decisionButton is one of the buttons of a simulated vendor's consent page.
var decisionButton = regexp.MustCompile(`name="decision" value="([a-z]+)"`)

// fakeBrowser is what scripts have for xdg-open: it goes to a page and presses the button that $FAKE_BROWSER names. With
// `lost` it never comes back.
func fakeBrowser(address string) error {
	want := os.Getenv("FAKE_BROWSER")
	if want == "lost" {
		return nil
	}
	client := &http.Client{Timeout: 20 * time.Second}
	page, err := client.Get(address)
	if err != nil {
		return err
	}
	defer page.Body.Close()
	text, err := io.ReadAll(io.LimitReader(page.Body, 1<<20))
	if err != nil {
		return err
	}
	for _, b := range decisionButton.FindAllStringSubmatch(string(text), -1) {
		if b[1] == want {
			end, err := client.PostForm(address, url.Values{"decision": {want}})
			if err != nil {
				return err
			}
			return end.Body.Close()
		}
	}
	return fmt.Errorf("the page (%s) has no button %q", page.Status, want)
}
