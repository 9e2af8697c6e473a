package kafka

import (
	"context"
	"slices"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// testStarts asks where to begin at a time: at the first record of that time or later, at the end where there is none.
func testStarts(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	topic := config.Topics.Account // whose records keep the time that they were given
	hour := func(n float64) time.Time {
		return time.UnixMilli(1_795_341_600_000).Add(time.Duration(n * float64(time.Hour)))
	}
	for id, hours := range [][]float64{{0, 1, 2, 3}, {2.5}, {}} {
		var records []kafkago.Record
		for _, n := range hours {
			records = append(records, kafkago.Record{Time: hour(n), Value: kafkago.NewBytes([]byte("value"))})
		}
		if len(records) == 0 {
			continue
		}
		send(t, func(client *kafkago.Client) (*kafkago.ProduceResponse, error) {
			return client.Produce(t.Context(), &kafkago.ProduceRequest{
				Topic: topic, Partition: id, RequiredAcks: kafkago.RequireAll, Records: kafkago.NewRecordReader(records...),
			})
		}, cluster)
	}
	ms := func(n float64) int64 { return hour(n).UnixMilli() }
	for _, test := range []struct {
		at   float64
		want []Start
	}{
		{-1, []Start{{0, ms(0), true}, {0, ms(2.5), true}, {0, 0, true}}},
		{1, []Start{{1, ms(1), false}, {0, ms(2.5), true}, {0, 0, true}}},
		{1.5, []Start{{2, ms(2), false}, {0, ms(2.5), true}, {0, 0, true}}},
		{2.75, []Start{{3, ms(3), false}, {1, 0, false}, {0, 0, true}}},
		{4, []Start{{4, 0, false}, {1, 0, false}, {0, 0, true}}},
	} {
		if got, err := cluster.StartsAt(t.Context(), topic, hour(test.at)); err != nil || !slices.Equal(got, test.want) {
			t.Errorf("at hour %v: %v, %v, want %v", test.at, got, err, test.want)
		}
	}
}

// testFollow reads a topic beyond the end that it had, without a group; ReadAll, the control, ends there.
func testFollow(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	produce(t, cluster, config.Topics.Raw, 0, 0, 10)
	all := newKeeper()
	if err := runToEnd(t, cluster.ReadAll(config.Topics.Raw), all); err != nil || all.total() != 10 {
		t.Errorf("to the end: %d records, %v", all.total(), err)
	}
	k := newKeeper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- cluster.Follow(config.Topics.Raw).Run(ctx, k.opener) }()
	k.wait(t, "what was there", func() bool { return len(k.seen[0]) == 10 })
	produce(t, cluster, config.Topics.Raw, 0, 10, 15)
	produce(t, cluster, config.Topics.Raw, 1, 0, 5)
	k.wait(t, "what came", func() bool { return len(k.seen[0]) == 15 && len(k.seen[1]) == 5 })
	stop()
	if err := <-done; err != nil || k.open[0]+k.open[1] != 0 {
		t.Errorf("stopped: %v, %v open", err, k.open)
	}
}
