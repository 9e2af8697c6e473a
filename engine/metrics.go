package engine

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/unopened/unopened/ingest"
)

// Metric descriptions. No label ever names an account. With them each equation of Stats.Equations can be checked outside.
var (
	metricFetched    = desc("split_fetched_total", "Raw records fetched.")
	metricAccepted   = desc("split_accepted_total", "Raw records that were events of the contract.")
	metricRefused    = desc("split_refused_total", "Raw records refused, by reason.", "reason")
	metricSkipped    = desc("split_skipped_total", "Lines of a history from the cut-over on; 0 where raw partitions are split.")
	metricUnseen     = desc("split_unseen_total", "Events that the visibility profile does not let see, by type; 0 without one.", "type")
	metricMade       = desc("split_sides_total", "Entries of the account topic made of raw records, without those written again after a crash.")
	metricTripwire   = desc("content_tripwire_total", "Raw records refused for a field that the contract lacks: a producer may be leaking content.")
	metricOffsets    = desc("offsets_total", "Offsets passed since the first one (next - start), by role.", "role")
	metricGaps       = desc("gap_offsets_total", "Offsets without a record, by role: those lost, transaction markers, and records that a producer took back.", "role")
	metricLost       = desc("lost_offsets_total", "Offsets whose records the log no longer had, by role; a part of the gaps.", "role")
	metricLetters    = desc("dead_letters_total", "Dead letters written, without those written again after a crash, by role.", "role")
	metricSides      = desc("sides_total", "Entries of the account topic, by what became of them.", "outcome")
	metricRead       = desc("sides_read_total", "Entries of the account topic that were read.")
	metricResent     = desc("sides_resent_total", "Entries written again after a crash; a part of the duplicates.")
	metricPlaces     = desc("sides_places_total", "Sides of devices and networks; a part of those applied.")
	metricDesk       = desc("candidates_total", "Alert candidates, by what became of them.", "outcome")
	metricCandidates = desc("candidates_read_total", "Alert candidates that were read.")
	metricDifference = desc("accounting_difference", "By how much the two sides of an equation differ: anything but 0 is an error of this program.", "equation")
	metricLast       = desc("last_batch_timestamp_seconds", "When an open partition last took a batch; one at its log's end takes empty ones.", "role", "partition")
	metricAccounts   = desc("accounts", "Accounts in memory.")
	metricSeals      = desc("seals_total", "Files of checkpoints that were stored.")
	metricSealFails  = desc("seal_failures_total", "Attempts to store one, or to read one at a start, that failed and were made again.")
	metricSealBytes  = desc("seal_bytes_total", "Bytes of the files stored.")
	metricSealPause  = desc("seal_pause_seconds_total", "Time for which partitions stood still while what had changed was copied.")
	metricSealMax    = desc("seal_pause_max_seconds", "The longest such time since the start.")
	metricShrunk     = desc("window_shrunk_total", "Times that the window for repeats gave up an hour for its ceiling.")
	metricWindow     = desc("window_seconds", "The shortest window for repeats of any shard, in event time.")
	metricEvicted    = desc("evicted_total", "What made room for others in memory.", "what")
	metricSource     = desc("source_total", "What the sources of the roles met.", "what")
	metricOutbox     = desc("outbox_deliveries", "Deliveries, by endpoint and what became of them.", "endpoint", "outcome")
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
	collectAccounting(ch, &s)
	for at, last := range e.lastBatches() {
		gauge(ch, metricLast, float64(last)/1000, at.role, strconv.Itoa(at.partition))
	}
	for _, o := range s.Outbox {
		for outcome, n := range map[string]int64{"sent": o.Sent, "retried": o.Retried, "pending": o.Pending, "rejected": o.Rejected} {
			gauge(ch, metricOutbox, float64(n), o.Name, outcome)
		}
	}
	seals := &e.seals
	count(ch, metricSeals, seals.stored.Load())
	count(ch, metricSealFails, seals.failures.Load())
	count(ch, metricSealBytes, seals.bytes.Load())
	ch <- prometheus.MustNewConstMetric(metricSealPause, prometheus.CounterValue, float64(seals.pause.Load())/1e6)
	gauge(ch, metricSealMax, float64(seals.longest.Load())/1e6)
	count(ch, metricShrunk, s.Shrunk)
	gauge(ch, metricWindow, float64(s.Window)/1000)
	count(ch, metricEvicted, s.Evicted, "account")
	count(ch, metricEvicted, s.Dropped, "contact")
	if e.Source != nil {
		for what, n := range e.Source() {
			count(ch, metricSource, n, what)
		}
	}
	gauge(ch, metricAccounts, float64(s.Accounts))
}

// collectAccounting gives what the equations are made of, and by how much each fails.
func collectAccounting(ch chan<- prometheus.Metric, s *Stats) {
	count(ch, metricFetched, s.Split.Fetched)
	count(ch, metricAccepted, s.Split.Accepted)
	count(ch, metricSkipped, s.Split.Skipped)
	for i, n := range s.Split.Unseen {
		if i > 0 {
			count(ch, metricUnseen, n, ingest.Type(i).String())
		}
	}
	count(ch, metricMade, s.Split.Sides)
	count(ch, metricTripwire, s.Split.Refused[ingest.RefusedUnknownField])
	for i, n := range s.Split.Refused {
		if i > 0 {
			count(ch, metricRefused, n, ingest.Refusal(i).String())
		}
	}
	for _, of := range []struct {
		role                         string
		offsets, gaps, lost, letters int64
	}{
		{"split", s.Split.Offsets, s.Split.Gaps, s.Split.Lost, s.Split.Letters},
		{"score", s.Sides.Offsets, s.Sides.Gaps, s.Sides.Lost, s.Sides.Letters},
		{"desk", s.Desk.Offsets, s.Desk.Gaps, s.Desk.Lost, s.Desk.Letters},
	} {
		count(ch, metricOffsets, of.offsets, of.role)
		count(ch, metricGaps, of.gaps, of.role)
		count(ch, metricLost, of.lost, of.role)
		count(ch, metricLetters, of.letters, of.role)
	}
	count(ch, metricRead, s.Sides.Read)
	for outcome, n := range map[string]int64{
		"applied": s.Sides.Applied, "duplicate": s.Sides.Duplicate, "late": s.Sides.Late,
		"control": s.Sides.Control, "stamp": s.Sides.Stamps, "refused": s.Sides.Refused,
	} {
		count(ch, metricSides, n, outcome)
	}
	count(ch, metricResent, s.Sides.Resent)
	count(ch, metricPlaces, s.Sides.Places)
	count(ch, metricCandidates, s.Desk.Read)
	for outcome, n := range map[string]int64{
		"taken": s.Desk.Taken, "duplicate": s.Desk.Duplicate, "refused": s.Desk.Refused,
	} {
		count(ch, metricDesk, n, outcome)
	}
	for _, q := range s.Equations() {
		gauge(ch, metricDifference, float64(q.Left-q.Right), q.Name)
	}
}

// count and gauge give one value of a counter or gauge.
func count(ch chan<- prometheus.Metric, d *prometheus.Desc, n int64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
}

func gauge(ch chan<- prometheus.Metric, d *prometheus.Desc, v float64, labels ...string) {
	ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
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
