package engine

import (
	"context"
	"errors"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/unopened/unopened/ingest"
)

// Metric descriptions. No label ever names an account.
var (
	metricFetched  = desc("split_fetched_total", "Raw records fetched.")
	metricAccepted = desc("split_accepted_total", "Raw records that were events of the contract.")
	metricRefused  = desc("split_refused_total", "Raw records refused, by reason.", "reason")
	metricGaps     = desc("split_gap_offsets_total", "Raw offsets that the log no longer had.")
	metricTripwire = desc("content_tripwire_total", "Raw records refused for a field that the contract lacks: a producer may be leaking content.")
	metricSides    = desc("sides_total", "Entries of the account topic, by what became of them.", "outcome")
	metricRead     = desc("sides_read_total", "Entries of the account topic that were read.")
	metricDesk     = desc("candidates_total", "Alert candidates, by what became of them.", "outcome")
	metricAccounts = desc("accounts", "Accounts in memory.")
	metricShrunk   = desc("window_shrunk_total", "Times that the window for repeats gave up an hour for its ceiling.")
	metricWindow   = desc("window_seconds", "The shortest window for repeats of any shard, in event time.")
	metricEvicted  = desc("evicted_total", "What made room for others in memory.", "what")
	metricSource   = desc("source_total", "What the sources of the roles met.", "what")
	metricOutbox   = desc("outbox_deliveries", "Deliveries, by endpoint and what became of them.", "endpoint", "outcome")
)

// desc describes one metric.
func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("unopened_"+name, help, labels, nil)
}

// Describe tells Prometheus which metrics there are.
func (e *Engine) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(e, ch) }

// Collect gives Prometheus the counters as they stand.
func (e *Engine) Collect(ch chan<- prometheus.Metric) {
	s := e.Stats()
	count := func(d *prometheus.Desc, n int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	count(metricFetched, s.Split.Fetched)
	count(metricAccepted, s.Split.Accepted)
	count(metricGaps, s.Split.Gaps)
	count(metricTripwire, s.Split.Refused[ingest.RefusedUnknownField])
	for i, n := range s.Split.Refused {
		if i > 0 {
			count(metricRefused, n, ingest.Refusal(i).String())
		}
	}
	count(metricRead, s.Sides.Read)
	for outcome, n := range map[string]int64{
		"applied": s.Sides.Applied, "duplicate": s.Sides.Duplicate, "late": s.Sides.Late,
		"control": s.Sides.Control, "stamp": s.Sides.Stamps, "refused": s.Sides.Refused, "gap": s.Sides.Gaps,
	} {
		count(metricSides, n, outcome)
	}
	for outcome, n := range map[string]int64{
		"taken": s.Desk.Taken, "duplicate": s.Desk.Duplicate, "refused": s.Desk.Refused,
	} {
		count(metricDesk, n, outcome)
	}
	for _, o := range s.Outbox {
		for outcome, n := range map[string]int64{"sent": o.Sent, "retried": o.Retried, "pending": o.Pending, "rejected": o.Rejected} {
			ch <- prometheus.MustNewConstMetric(metricOutbox, prometheus.GaugeValue, float64(n), o.Name, outcome)
		}
	}
	count(metricShrunk, s.Shrunk)
	ch <- prometheus.MustNewConstMetric(metricWindow, prometheus.GaugeValue, float64(s.Window)/1000)
	count(metricEvicted, s.Evicted, "account")
	count(metricEvicted, s.Dropped, "contact")
	if e.Source != nil {
		for what, n := range e.Source() {
			count(metricSource, n, what)
		}
	}
	ch <- prometheus.MustNewConstMetric(metricAccounts, prometheus.GaugeValue, float64(s.Accounts))
}

// Listen serves /metrics, /healthz (the process works) and /readyz (at least one partition is held) until ctx is done.
func (e *Engine) Listen(ctx context.Context, address string) error {
	registry := prometheus.NewRegistry()
	registry.MustRegister(e)
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if e.held.Load() == 0 {
			http.Error(w, "no partition is held yet", http.StatusServiceUnavailable)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	})
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	stopped := context.AfterFunc(ctx, func() { _ = server.Close() }) // the error of a listener that is gone says nothing
	defer stopped()
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}
