package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/millrace/millrace/cmd/cli/config"
	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
	"github.com/millrace/millrace/router/receive"
	"github.com/millrace/millrace/router/receive/relay"
	"github.com/millrace/millrace/router/receive/spool"
)

// spoolName is the file, in the data directory, where deliveries wait for the hub.
const spoolName = "spool.db"

func (a *app) webhookCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "webhook",
		Short: "Receive webhooks on a host of its own, or have vendors send them",
		Long: `Receives webhooks without a ledger: what arrives is verified, stored in a spool, answered, and forwarded to the
hub, whose daemon has webhooks.forward.key, too. Of connections only the secrets of their webhooks are needed, and not those
that vendors make when webhooks are registered: the hub tells them. While the hub is down everything waits in the spool.

The commands below tell vendors where to deliver. They are for the hub.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.webhook(cmd.Context()) },
	}
	cmd.AddCommand(a.registerCmd(), a.subscriptionsCmd(), a.unregisterCmd(), a.repairCmd())
	return cmd
}

func (a *app) webhook(ctx context.Context) error {
	cfg, err := config.LoadReceiver(a.configPath, a.find)
	if err != nil {
		return err
	}
	w := cfg.Webhooks
	if w.Listen == "" || w.ForwardTo == "" {
		return withCode(exitConfig, errors.New("a receiver that stands alone needs webhooks.listen and webhooks.forward.to, where the hub takes what it received"))
	}
	easeReceiver()
	log := a.logger(cfg.Log, true)
	hooks, err := webhooksOf(cfg, nil, false, verifierOf)
	if err != nil {
		return withCode(exitConfig, err)
	}
	client, err := relay.NewClient(w.ForwardTo, w.ForwardKey, time.Now)
	if err != nil {
		return withCode(exitConfig, err)
	}
	defer client.Close()
	if err := makeDataDir(cfg.Data); err != nil {
		return err
	}
	s, err := spool.Open(filepath.Join(cfg.Data, spoolName), w.SpoolBytes)
	if err != nil {
		return withCode(exitUnreachable, err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			log.Error("close spool", "error", err)
		}
	}()
	o := receiverOptions(w, hooks, log)
	alone := &standing{spool: s, forward: &spool.Forwarder{Spool: s, To: client, Log: log}}
	o.Store = alone
	r, err := receive.New(o)
	if err != nil {
		return withCode(exitConfig, err)
	}
	follower := alone.follower(client, r, hooks, log)
	if err := follower.Restore(ctx); err != nil {
		log.Warn("secrets that the hub told before are not known", "error", err)
	}
	rec := &receiving{Receiver: r}
	if err := rec.listen(w, hooks, log); err != nil {
		return err
	}
	defer rec.stop()
	stopAdmin, admin, err := serveAdmin(cfg.Admin, alone.ready, alone.gatherer(rec.Receiver))
	if err != nil {
		return withCode(exitUnreachable, err)
	}
	defer stopAdmin()
	log.Info("started", "version", version(), "data", cfg.Data, "webhooks", rec.listens(), "admin", admin, "pid", os.Getpid())
	var beside sync.WaitGroup
	beside.Go(func() { follower.Run(ctx) })
	alone.forward.Run(ctx)
	beside.Wait()
	log.Info("stopped")
	return nil
}

// verifierOf opens only what verifies the deliveries of a connection.
func verifierOf(c config.Connection) (any, error) {
	env := connectors.Env{Connection: c.Name, Settings: c.Values, HTTP: &http.Client{}, Now: time.Now}
	if c.Connector.Hooks != nil {
		return c.Connector.Hooks(env)
	}
	return c.Connector.Open(env)
}

// standing is a receiver that stands alone.
type standing struct {
	spool   *spool.Spool
	forward *spool.Forwarder

	mu  sync.Mutex
	err error // of the last Put
}

// follower has the receiver go by what the hub tells.
func (s *standing) follower(client *relay.Client, to *receive.Receiver, hooks []receive.Hook, log *slog.Logger) *relay.Follower {
	f := &relay.Follower{Client: client, Spool: s.spool.Name(), Receiver: s.spool.ID(), To: to, Vault: s.spool, Waiting: s.waiting, Log: log}
	for _, h := range hooks {
		f.Takes = append(f.Takes, h.Connection)
	}
	return f
}

// waiting is what the hub is told of the spool.
func (s *standing) waiting(ctx context.Context) relay.Waiting {
	w, err := s.spool.Waiting(ctx)
	if err != nil || w.Count == 0 || w.Oldest.IsZero() {
		return relay.Waiting{}
	}
	return relay.Waiting{Count: w.Count, Seconds: int64(time.Since(w.Oldest) / time.Second)}
}

// Put implements receive.Store.
func (s *standing) Put(ctx context.Context, list []ledger.Arrival) error {
	err := s.spool.Put(ctx, list)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = err
	return err
}

// ready is red while nothing can be stored. A hub that is down does not make it red: standing in for it is the purpose, and
// a balancer that took the receiver out would lose what it is there for.
func (s *standing) ready(w http.ResponseWriter, r *http.Request) {
	var problems []string
	waiting, err := s.spool.Waiting(r.Context())
	switch {
	case err != nil:
		problems = append(problems, err.Error())
	case waiting.Full:
		problems = append(problems, fmt.Sprintf("the spool is full: %d deliveries wait for the hub since %s", waiting.Count, instant(waiting.Oldest)))
	}
	s.mu.Lock()
	if s.err != nil && !errors.Is(s.err, spool.ErrFull) {
		problems = append(problems, s.err.Error())
	}
	s.mu.Unlock()
	answerReady(w, problems)
}

func (s *standing) gatherer(r *receive.Receiver) prometheus.Gatherer {
	own := prometheus.NewRegistry()
	own.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), spoolFigures{s})
	return prometheus.Gatherers{r.Metrics().Registry, own}
}

var (
	descSpooled   = prometheus.NewDesc("millrace_spool_deliveries", "Deliveries that wait for the hub.", nil, nil)
	descSpoolSize = prometheus.NewDesc("millrace_spool_bytes", "Size of what waits for the hub, and of the file.", []string{"of"}, nil)
	descSpoolAge  = prometheus.NewDesc("millrace_spool_oldest_seconds", "How long the oldest delivery waits for the hub.", nil, nil)
	descHubAway   = prometheus.NewDesc("millrace_forward_failing_seconds", "How long the hub has taken nothing, 0 while it does.", nil, nil)
)

// spoolFigures is a collector over the spool.
type spoolFigures struct{ s *standing }

// Describe implements prometheus.Collector.
func (f spoolFigures) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{descSpooled, descSpoolSize, descSpoolAge, descHubAway} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (f spoolFigures) Collect(ch chan<- prometheus.Metric) {
	w, err := f.s.spool.Waiting(context.Background())
	if err != nil {
		ch <- prometheus.NewInvalidMetric(descSpooled, err)
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	age := func(since time.Time) float64 {
		if since.IsZero() {
			return 0
		}
		return time.Since(since).Seconds()
	}
	gauge(descSpooled, float64(w.Count))
	gauge(descSpoolSize, float64(w.Bytes), "waiting")
	gauge(descSpoolSize, float64(w.Disk), "file")
	gauge(descSpoolAge, age(w.Oldest))
	since, _ := f.s.forward.Trouble()
	gauge(descHubAway, age(since))
}
