// Command simulate serves a simulated ToyCRM with some people in it until it is stopped. Its first line of output is a
// JSON object that says how it is reached, as `millrace sandbox` says it of other vendors.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/millrace/millrace/connectors/sandbox"
	"github.com/millrace/millrace/examples/customconnector/toycrm/toycrmtest"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "simulate:", err)
		os.Exit(1)
	}
}

func run() error {
	vendor := toycrmtest.New(toycrmtest.Options{})
	for _, p := range []toycrmtest.Person{
		{Name: "Ada Byron", Email: "ada@byron.example", Phone: "+44 20 7946 0001", Company: "Byron Engines"},
		{Name: "Grace Murray", Email: "grace@murray.example", Company: "Murray Compilers"},
		{Name: "Edsger Wybe", Email: "edsger@wybe.example"},
	} {
		vendor.Put(p)
	}
	server, err := sandbox.Listen(vendor.Handler(), "")
	if err != nil {
		return err
	}
	defer server.Close()
	access := map[string]string{"base_url": server.URL, "token": toycrmtest.Token}
	if err := json.NewEncoder(os.Stdout).Encode(map[string]any{"toycrm": access}); err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, os.Interrupt, syscall.SIGTERM)
	<-stop
	return nil
}
