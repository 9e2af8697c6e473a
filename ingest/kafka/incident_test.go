package kafka

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// met lists the incidents that a cluster has met, by kind, as kind:times.
func met(s Stats) string {
	var all []string
	for kind, times := range s.Incidents {
		if times > 0 {
			all = append(all, fmt.Sprintf("%s:%d", IncidentKind(kind), times))
		}
	}
	return strings.Join(all, " ")
}

// recreate deletes a topic and makes it again.
func recreate(t *testing.T, cluster *Cluster, topic string) {
	t.Helper()
	client := cluster.client.Load()
	if answer, err := client.DeleteTopics(t.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{topic}}); err != nil || answer.Errors[topic] != nil {
		t.Fatal(err, answer)
	}
	before := time.Now()
	for { // a topic that is being deleted still exists
		answer, err := client.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{
			{Topic: topic, NumPartitions: cluster.config.Create.AccountPartitions, ReplicationFactor: 1}}})
		if err == nil && answer.Errors[topic] == nil {
			return
		}
		if time.Since(before) > patienceOfTests {
			t.Fatal("the topic cannot be made again", err, answer)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// A topic that is deleted and created again stops the role, also when its new life is as long as the former: each
// partition with one incident.
func testRecreated(t *testing.T, addr string) {
	config := testConfig(t, addr)
	config.Create.AccountPartitions = 2
	cluster := newCluster(t, config)
	cluster.lookEvery = 200 * time.Millisecond
	produce(t, cluster, config.Topics.Account, 0, 0, 100)
	before, err := cluster.life(t.Context(), config.Topics.Account)
	if err != nil {
		t.Fatal(err)
	}
	k, done := newKeeper(), make(chan error, 1)
	go func() { done <- cluster.Source(config.Topics.Account, "test").Run(t.Context(), k.opener) }()
	k.wait(t, "the former life", func() bool { return k.next[0] == 100 && k.caughtUp[1] })
	time.Sleep(3 * cluster.lookEvery) // the control: nothing has changed, nothing is met
	if got := met(cluster.Stats()); got != "" {
		t.Errorf("before: %s", got)
	}
	recreate(t, cluster, config.Topics.Account)
	after, err := cluster.life(t.Context(), config.Topics.Account)
	if err != nil || !after.other(before) {
		t.Fatalf("the topic was %x and is %x, %v", before, after, err)
	}
	produce(t, newCluster(t, config), config.Topics.Account, 0, 0, 200)
	select {
	case err = <-done:
	case <-time.After(patienceOfTests):
		t.Fatal("the source did not end")
	}
	var incident Incident
	if !errors.As(err, &incident) || incident.Kind != Recreated || incident.From < 100 || met(cluster.Stats()) != "recreated:2" {
		t.Errorf("got %v, %s", err, met(cluster.Stats()))
	}
}

// Partitions that are added while a topic is read make one incident; the new ones are read from their beginning and the
// old ones go on.
func testMorePartitions(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	cluster.lookEvery = 200 * time.Millisecond
	produce(t, cluster, config.Topics.Raw, 1, 0, 10)
	k := newKeeper()
	stop := run(t, cluster.Source(config.Topics.Raw, "test"), k)
	k.wait(t, "the first records", func() bool { return k.next[1] == 10 && k.caughtUp[0] })
	grow(t, cluster, config.Topics.Raw, 4)
	for id, from := range map[int]int{1: 10, 2: 0, 3: 0} {
		produce(t, cluster, config.Topics.Raw, id, from, 20)
	}
	k.wait(t, "all partitions", func() bool { return k.next[1] == 20 && k.next[2] == 20 && k.next[3] == 20 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for id, want := range map[int]int{1: 20, 2: 20, 3: 20} {
		for i, value := range k.seen[id] {
			if value != fmt.Sprintf("value %d", i) || len(k.seen[id]) != want {
				t.Fatalf("partition %d: %d records, %q at %d", id, len(k.seen[id]), value, i)
			}
		}
	}
	if got := met(cluster.Stats()); got != "repartitioned:1" || k.backward || k.gaps != 0 {
		t.Errorf("%s, gaps %d", got, k.gaps)
	}
}

// grow gives a topic more partitions.
func grow(t *testing.T, cluster *Cluster, topic string, count int32) {
	t.Helper()
	answer, err := cluster.client.Load().CreatePartitions(t.Context(), &kafkago.CreatePartitionsRequest{
		Topics: []kafkago.TopicPartitionsConfig{{Name: topic, Count: count}}})
	if err != nil || answer.Errors[topic] != nil {
		t.Fatal(err, answer)
	}
	for now := 0; now != int(count); { // a broker learns of it a little later
		if now, err = cluster.Partitions(t.Context(), topic); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// A log whose topic has grown writes no further record where nobody would look for it. Dead letters may lie anywhere.
func testGrownLog(t *testing.T, addr string) {
	config := testConfig(t, addr)
	cluster := newCluster(t, config)
	for topic, fails := range map[string]bool{config.Topics.Account: true, config.Topics.Dead: false} {
		log, err := cluster.Log(t.Context(), topic, nil)
		if err != nil {
			t.Fatal(err)
		}
		write := func() error { return log.Append(t.Context(), 0, [][]byte{[]byte("v")}) }
		if err := write(); err != nil {
			t.Fatal(err)
		}
		grow(t, cluster, topic, 5)
		err = write()
		if fails && (err == nil || !strings.Contains(err.Error(), "partitions and has 5 now")) || !fails && err != nil {
			t.Errorf("%s: %v", topic, err)
		}
	}
}

// Each kind has a name of its own, a meaning and a remedy, and both ways to tell of it name the place.
func TestIncidentTexts(t *testing.T) {
	names := map[string]bool{}
	var text strings.Builder
	cluster := &Cluster{log: slog.New(slog.NewTextHandler(io.Writer(&text), nil))}
	for kind := range incidentKinds {
		entry := incidentTexts[kind]
		if entry.name == "" || entry.meaning == "" || entry.remedy == "" || names[entry.name] {
			t.Errorf("kind %d: %+v", kind, entry)
		}
		names[entry.name] = true
		text.Reset()
		i := Incident{kind, "split", "topic-x", 7, 123, 456}
		cluster.tell(i, nil)
		for _, said := range []string{i.Error(), text.String()} {
			for _, want := range []string{entry.name, "split", "topic-x", "7", "123", "456"} {
				if !strings.Contains(said, want) {
					t.Errorf("%s is not in %q", want, said)
				}
			}
		}
	}
}

// A broker that has not learnt of new partitions, or of ids, tells of no other life; only another id does.
func TestLives(t *testing.T) {
	a, b := [16]byte{1}, [16]byte{2}
	for _, test := range []struct {
		now, before   life
		other, behind bool
	}{
		{life{3, a}, life{3, a}, false, false},
		{life{3, b}, life{3, a}, true, false},
		{life{2, b}, life{3, a}, true, false},
		{life{2, a}, life{3, a}, false, true},
		{life{4, a}, life{3, a}, false, false},
		{life{2, [16]byte{}}, life{3, [16]byte{}}, false, false}, // nobody knows
		{life{3, a}, life{3, [16]byte{}}, false, false},
		{life{3, a}, life{}, false, false},
	} {
		if test.now.other(test.before) != test.other || test.now.behind(test.before) != test.behind {
			t.Errorf("%v after %v: other %v, behind %v", test.now, test.before, !test.other, !test.behind)
		}
	}
}

// An answer to the question for a topic that is cut short or of something else is an error, never an id.
func TestLifeAnswer(t *testing.T) {
	good := []byte{0, 0, 0x1d, 0x1d, 0, 0, 0, 0, 0,
		2, 0, 0, 0, 1, 2, 'h', 0, 0, 0, 9, 0, 0, // one broker, h:9
		0, 0, 0, 0, 1, // no cluster id; controller 1
		2, 0, 0, 2, 't'} // one topic, no error, t
	id := [16]byte{1, 2, 3}
	good = append(append(good, id[:]...), 0, 8) // and seven partitions
	if got, err := readLife(append(good, "and more"...)); err != nil || got.life != (life{7, id}) {
		t.Errorf("%+v, %v", got, err)
	}
	for n := range good {
		if got, err := readLife(good[:n]); err == nil {
			t.Errorf("%d of %d bytes: %+v", n, len(good), got)
		}
	}
	for at, value := range map[int]byte{3: 0, 9: 200, 27: 3} { // another request's, too many brokers, two topics
		wrong := append([]byte(nil), good...)
		wrong[at] = value
		if got, err := readLife(wrong); err == nil {
			t.Errorf("byte %d as %d: %+v", at, value, got)
		}
	}
	failed := append(append([]byte(nil), good...), "and more"...)
	failed[29] = 3
	if _, err := readLife(failed); !errors.Is(err, kafkago.UnknownTopicOrPartition) {
		t.Errorf("an error: %v", err)
	}
}
