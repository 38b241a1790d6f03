package cli

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/spf13/cobra"
)

func (a *app) daemonCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "daemon",
		Short: "Poll, apply and deliver until stopped",
		Long: `Keeps the project tool up to date until it is stopped, and receives webhooks where the configuration says
where. SIGTERM drains: what was begun is finished. A
second signal stops at once; nothing is lost or doubled either way.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := a.load()
			if err != nil {
				return err
			}
			log := a.logger(cfg.Log, true)
			h, err := openHub(cmd.Context(), cfg, log, hubOptions{daemon: true})
			if err != nil {
				return err
			}
			defer h.close()
			return a.daemon(cmd.Context(), h)
		},
	}
}

func (a *app) daemon(ctx context.Context, h *hub) error {
	var err error
	if h.hooks, err = h.serveWebhooks(ctx); err != nil {
		return err
	}
	defer h.hooks.stop()
	stopSocket, err := serveSocket(ctx, h.cfg.Data, a.runCommand(h))
	if err != nil {
		return withCode(exitUnreachable, err)
	}
	defer stopSocket()
	stopAdmin, address, err := serveAdmin(h.cfg.Admin, h.ready, h.gatherer())
	if err != nil {
		return withCode(exitUnreachable, err)
	}
	defer stopAdmin()
	h.log.Info("started", "version", version(), "data", h.cfg.Data, "admin", address, "webhooks", h.hooks.listens(), "pid", os.Getpid())
	var beside sync.WaitGroup
	beside.Go(func() { h.keepLearning(ctx) })
	beside.Go(func() { h.keepRegistered(ctx) })
	err = h.router.Run(ctx, drainGrace)
	beside.Wait()
	h.log.Info("stopped")
	return err
}

// runCommand returns a function that runs a command line that came over the socket with the daemon's hub.
func (a *app) runCommand(h *hub) func(context.Context, remoteRequest, io.Writer, io.Writer) int {
	return func(ctx context.Context, req remoteRequest, out, errOut io.Writer) int {
		within := &app{connectors: a.connectors, in: http.NoBody, out: out, errOut: &screen{w: errOut, tty: req.TTY}, args: req.Args,
			tty: req.TTY, by: req.By, dir: req.Dir, columns: req.Columns, within: h}
		if far, ok := errOut.(frameStream); ok {
			within.openPage = far.openPage
		}
		return within.main(ctx)
	}
}

// serveAdmin serves health, readiness and metrics. An empty address serves nothing.
func serveAdmin(address string, ready http.HandlerFunc, metrics prometheus.Gatherer) (stop func(), bound string, err error) {
	if address == "" {
		return func() {}, "", nil
	}
	ln, err := net.Listen("tcp", address)
	if err != nil {
		return nil, "", fmt.Errorf("serve health and metrics: %w; set admin.listen to a free address, or to \"\" to do without", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /readyz", ready)
	mux.Handle("GET /metrics", promhttp.HandlerFor(metrics, promhttp.HandlerOpts{Timeout: 10 * time.Second}))
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	done := make(chan struct{})
	go func() { defer close(done); _ = server.Serve(ln) }()
	return func() { _ = server.Close(); <-done }, ln.Addr().String(), nil
}

// ready answers 503 with the reasons while a stream makes no progress or a target refuses (invariant 8).
func (h *hub) ready(w http.ResponseWriter, r *http.Request) {
	problems, err := h.router.Problems(r.Context())
	if err != nil {
		problems = append(problems, err.Error())
	}
	answerReady(w, problems)
}

func answerReady(w http.ResponseWriter, problems []string) {
	if len(problems) == 0 {
		fmt.Fprintln(w, "ready")
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	for _, p := range problems {
		fmt.Fprintln(w, p)
	}
}
