package cli

import (
	"fmt"
	"net/url"
	"os/exec"
	"runtime"
)

// open opens a page in the browser where the person is. That it cannot is no failure: the address is on the screen.
func (a *app) open(address string) {
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return // nothing else is ever asked for, and a desktop might run it
	}
	if a.openPage != nil {
		a.openPage(address)
		return
	}
	name, args := opener(runtime.GOOS)
	cmd := exec.Command(name, append(args, address)...)
	if err := cmd.Start(); err != nil {
		fmt.Fprintf(a.errOut, "No browser could be opened here (%s is missing); open the address yourself.\n", name)
		return
	}
	go func() { _ = cmd.Wait() }() // it may stay as long as the browser
}

// opener is the system's program that opens an address.
func opener(system string) (name string, args []string) {
	switch system {
	case "windows":
		return "rundll32", []string{"url.dll,FileProtocolHandler"}
	case "darwin":
		return "open", nil
	}
	return "xdg-open", nil
}
