package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/unopened/unopened/configs"
	"github.com/unopened/unopened/ingest"
	"github.com/unopened/unopened/ingest/kafka"
	"github.com/unopened/unopened/models"
)

// checkJSON runs a check and reads what it says.
func checkJSON(t *testing.T, args ...string) (found checked) {
	t.Helper()
	if err := json.Unmarshal([]byte(ok(t, append([]string{"check", "--json"}, args...)...)), &found); err != nil {
		t.Fatal(err)
	}
	return found
}

// harm is what a check says of one harm.
func (c *checked) harm(name string) harmShare {
	return c.Harms[slices.IndexFunc(c.Harms, func(h harmShare) bool { return h.Harm == name })]
}

// TestCoverageOfATopic reads a topic and the file that it was made of: both say the same, as the simulator counted; no
// group is left at the broker, and nothing of a hostile record comes out.
func TestCoverageOfATopic(t *testing.T) {
	const canary = "CANARY4f1d"
	cfg, config, cluster := fakeKafka(t)
	events, _ := simulatedFiles(t, "--hostile", "100")
	lines := append(linesOf(t, events), []byte(`{"v":1,"`+canary+`":"`+canary+`"}`), []byte(canary))
	if err := os.WriteFile(events, append(bytes.Join(lines, []byte("\n")), '\n'), 0o600); err != nil {
		t.Fatal(err)
	}
	sendLines(t, cluster, lines)
	ofTopic := checkJSON(t, "--topic", cfg.Kafka.Topics.Raw, "--from-start", "--config", config)
	ofFile := checkJSON(t, "--events", events, "--config", config)
	if n := int64(len(lines)); ofTopic.Events.Read != n || ofTopic.Events.Accepted != n-102 || ofTopic.ContentTripwire < 1 ||
		ofTopic.ContentTripwire != ofTopic.Events.Refused["unknown_field"] || ofTopic.Accounts != 400 {
		t.Errorf("of %d lines: %+v", n, ofTopic)
	}
	if !reflect.DeepEqual(ofTopic.Events, ofFile.Events) || !reflect.DeepEqual(ofTopic.Types, ofFile.Types) || *ofTopic.EventTime != *ofFile.EventTime ||
		!reflect.DeepEqual(ofTopic.Fields, ofFile.Fields) || !reflect.DeepEqual(ofTopic.Harms, ofFile.Harms) {
		t.Errorf("the topic has %+v, the file %+v", ofTopic, ofFile)
	}
	if ofFile.RecordTime != nil || ofFile.Lateness != nil || ofTopic.Lateness == nil ||
		ofTopic.Lateness.P50 > ofTopic.Lateness.P99 || ofTopic.RecordTime == nil {
		t.Errorf("a file has no record time, a topic has: %+v, %+v", ofFile.Lateness, ofTopic.Lateness)
	}
	out := ok(t, "check", "--topic", cfg.Kafka.Topics.Raw, "--from-start", "--config", config)
	for _, want := range []string{"lateness", "LogAppendTime: the broker's", "tripwire", "unknown_field", "target_age", "grooming"} {
		if !strings.Contains(out, want) {
			t.Errorf("nothing of %s for people: %s", want, out)
		}
	}
	if strings.Contains(out, canary) || !bytes.Contains(bytes.Join(lines, nil), []byte(canary)) {
		t.Error("something of a refused record came out, or was not in")
	}
	if live := checkJSON(t, "--topic", cfg.Kafka.Topics.Raw, "--for", "200ms", "--config", config); live.Events.Read != 0 || live.Over != "reading" {
		t.Errorf("of what came since, which is nothing: %+v", live)
	}
	if ofTopic.TimestampType != kafka.LogAppendTime || ofFile.TimestampType != "" {
		t.Errorf("the topic has %q, the file %q", ofTopic.TimestampType, ofFile.TimestampType)
	}
	if n := groups(t, cfg); n != 0 {
		t.Errorf("a check left %d groups", n)
	}
	ctx, stop := context.WithCancel(t.Context())
	err := cluster.Source(cfg.Kafka.Topics.Raw, "control").Run(ctx, func(context.Context, ingest.Partition) (ingest.Handler, error) {
		stop()
		return nil, ctx.Err()
	})
	if n := groups(t, cfg); err != nil || n != 1 {
		t.Errorf("the control, which is a member: %d groups, %v", n, err)
	}
}

// TestCoverageOfProtobuf reads a topic of Protobuf as its file of JSON; read as JSON, which is the control, all of it is
// refused.
func TestCoverageOfProtobuf(t *testing.T) {
	cfg, config, cluster := fakeKafka(t)
	events, _ := simulatedFiles(t)
	var decoder ingest.Decoder
	var ev ingest.Event
	records := linesOf(t, events)
	for i, line := range records {
		if refusal := decoder.Decode(&ev, line); refusal != ingest.Accepted {
			t.Fatal(refusal)
		}
		records[i] = ingest.AppendProtobuf(nil, &ev)
	}
	sendLines(t, cluster, records)
	check := func() checked {
		return checkJSON(t, "--topic", cfg.Kafka.Topics.Raw, "--from-start", "--config", config)
	}
	if control := check(); control.Events.Accepted != 0 || control.Events.Read != int64(len(records)) {
		t.Errorf("read as JSON: %+v", control.Events)
	}
	cfg.Kafka.Encoding = ingest.Protobuf.String()
	config = saved(t, cfg)
	ofFile := checkJSON(t, "--events", events, "--config", config)
	if ofTopic := check(); !reflect.DeepEqual(ofTopic.Events, ofFile.Events) || !reflect.DeepEqual(ofTopic.Fields, ofFile.Fields) || ofFile.Events.Accepted == 0 {
		t.Errorf("the topic has %+v, the file %+v", ofTopic, ofFile)
	}
}

// TestCoverageBeginsAtTheEnd follows a topic until it is interrupted: what was there before is not read, what came
// since is told.
func TestCoverageBeginsAtTheEnd(t *testing.T) {
	cfg, _, cluster := fakeKafka(t)
	events, _ := simulatedFiles(t)
	lines := linesOf(t, events)
	isCall := func(line []byte) bool { return bytes.Contains(line, []byte(`"type":"call"`)) }
	calls := slices.DeleteFunc(slices.Clone(lines), func(l []byte) bool { return !isCall(l) })
	others := slices.DeleteFunc(slices.Clone(lines), isCall)
	sendLines(t, cluster, calls)
	ctx, interrupt := context.WithCancel(t.Context())
	seen := &survey{step: func(n int) {
		if n > 0 {
			interrupt()
		}
	}}
	done := make(chan error, 1)
	f := checkFlags{topic: cfg.Kafka.Topics.Raw, span: 1 << 60}
	go func() { done <- f.readTopic(ctx, cfg, seen) }()
	for i := 0; ctx.Err() == nil; i = (i + 10) % (len(others) - 10) {
		sendLines(t, cluster, others[i:i+10])
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	if all := seen.sum(); all.counts.Fetched == 0 || all.types[ingest.Call] != 0 || len(calls) == 0 {
		t.Errorf("read %d records, of which %d of the %d that were there before", all.counts.Fetched, all.types[ingest.Call], len(calls))
	}
}

var (
	ages    = regexp.MustCompile(`,"(actor|target)_age":"[^"]*"`)
	senders = regexp.MustCompile(`,"(actor|actor_age|actor_created|device|network|country|phone_country|client)":("[^"]*"|\d+)`)
)

// TestCoverageTellsWhatIsMissing takes fields out of a stream: what rests on them is not assessable, and the report names
// them. The stream as it was is the control.
func TestCoverageTellsWhatIsMissing(t *testing.T) {
	cfg, config, cluster := fakeKafka(t)
	events, _ := simulatedFiles(t)
	whole := checkJSON(t, "--events", events, "--config", config)
	for _, h := range whole.Harms {
		if !h.Assessable || h.Share < .9 || len(h.Missing) > 0 {
			t.Errorf("the control: %+v", h)
		}
	}
	lines := linesOf(t, events)
	for i := range lines {
		lines[i] = ages.ReplaceAll(lines[i], nil)
	}
	sendLines(t, cluster, lines)
	ageless := checkJSON(t, "--topic", cfg.Kafka.Topics.Raw, "--from-start", "--config", config)
	if h := ageless.harm("grooming"); ageless.Events.Accepted != int64(len(lines)) || h.Assessable || !slices.Equal(h.Missing, []string{"target_age"}) ||
		!ageless.harm("spam").Assessable || ageless.Fields["target_age"].Records != 0 || ageless.Fields["target_age"].Of == 0 {
		t.Errorf("without ages: %+v", ageless)
	}
	sealed := bytes.Join(slices.DeleteFunc(lines, func(l []byte) bool { return !bytes.Contains(l, []byte(`"kind":"direct"`)) }), []byte("\n"))
	name := filepath.Join(t.TempDir(), "sealed.jsonl")
	if err := os.WriteFile(name, senders.ReplaceAll(sealed, nil), 0o600); err != nil {
		t.Fatal(err)
	}
	senderless := checkJSON(t, "--events", name, "--config", config)
	for _, h := range senderless.Harms {
		if h.Assessable || !slices.Contains(h.Missing, "actor") {
			t.Errorf("without senders: %+v", h)
		}
	}
	if n := senderless.Fields["actor"]; n.Records != 0 || n.Of == 0 || n.Of != senderless.Events.Accepted || senderless.Accounts != 0 {
		t.Errorf("without senders: %+v", senderless)
	}
	if _, there := senderless.Fields["device"]; there {
		t.Error("a device may stand in a record without an actor")
	}
	if out := ok(t, "check", "--events", name, "--config", config); !strings.Contains(out, "actor, device or network\n") {
		t.Errorf("for people: %s", out)
	}
}

// TestCoverageCountsTimes holds lateness against the times that records were given.
func TestCoverageCountsTimes(t *testing.T) {
	events, _ := simulatedFiles(t)
	line := linesOf(t, events)[0]
	var ev ingest.Event
	if r := (&ingest.Decoder{}).Decode(&ev, line); r != ingest.Accepted {
		t.Fatal(r)
	}
	c := newCoverage()
	for i := range int64(1000) { // from 1 s to 1000 s late
		c.record(&ingest.Record{Time: ev.At + 1000*(i+1), Value: line})
	}
	c.record(&ingest.Record{Time: ev.At - 7000, Value: line})
	c.record(&ingest.Record{Time: ev.At - 6*60_000, Value: line}) // refused as future: its time is not told
	set, err := models.Load(configs.Artefacts(), models.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	found := newChecked(c, set)
	within := func(got, want int64) bool { return got >= want*98/100 && got <= want*102/100 }
	if l := found.Lateness; !within(l.P50, 500_000) || !within(l.P99, 990_000) || !within(l.Max, 1_000_000) || l.Ahead != 7000 {
		t.Errorf("%+v", l)
	}
	if found.Events.Refused["future"] != 1 || *found.EventTime != (checkedSpan{ev.At, ev.At}) ||
		*found.RecordTime != (checkedSpan{ev.At - 6*60_000, ev.At + 1_000_000}) {
		t.Errorf("%+v", found)
	}
	for _, test := range []struct {
		live bool
		over string
		want float64
	}{{true, "reading", 1002 / 4.0}, {false, "record time", 1002 / 1360.0}} {
		found.Seconds = 4
		if found.rate(test.live); found.Over != test.over || found.PerSecond != test.want {
			t.Errorf("%v a second over %s", found.PerSecond, found.Over)
		}
	}
}

// TestSampleIsEven takes a hundred thousand accounts, of which the first half gave a field: so says the sample. The
// control is one that keeps the first who come.
func TestSampleIsEven(t *testing.T) {
	const accounts = 100_000
	rng := rand.New(rand.NewPCG(1, 1))
	s, other := newCoverage().acts, newCoverage().acts
	for i := range accounts {
		var id ingest.SubjectID
		for k := range id {
			id[k] = byte(rng.Uint32())
		}
		has := ingest.FieldActor
		if i < accounts/2 {
			has |= ingest.FieldTarget
		}
		into := &s
		if i%3 == 0 {
			into = &other
		}
		into.note(id, has)
	}
	s.add(&other)
	gave := 0
	for _, has := range s.seen {
		if has.Any(ingest.FieldTarget) {
			gave++
		}
	}
	if n := s.accounts(); n < accounts*97/100 || n > accounts*103/100 || len(s.seen) > sampleSize || len(s.seen) < sampleSize/2 {
		t.Errorf("about %d accounts, from a sample of %d", n, len(s.seen))
	}
	if half := float64(gave) / float64(len(s.seen)); half < .48 || half > .52 {
		t.Errorf("%.3f gave the field; of the first %d, all did", half, sampleSize)
	}
}

// TestCoverageRefusesWrongUse holds the flags against each other, and names a topic that is not there.
func TestCoverageRefusesWrongUse(t *testing.T) {
	cfg, config, _ := fakeKafka(t)
	for args, want := range map[string]string{
		"--events x --topic y":                "not both",
		"--for 1m":                            "go with --topic",
		"--topic y --for 0s":                  "--for: 0s is not above 0",
		"--topic " + cfg.Kafka.Topics.Account: "written by Unopened itself",
	} {
		_, err := run(t, append([]string{"check", "--config", config}, strings.Fields(args)...)...)
		var usage usageError
		if !errors.As(err, &usage) || !strings.Contains(err.Error(), want) {
			t.Errorf("check %s: %v, want %q", args, err, want)
		}
	}
	if _, err := run(t, "check", "--config", config, "--topic", "typo"); err == nil || !strings.Contains(err.Error(), "typo: the topic does not exist") {
		t.Errorf("a topic that is not there: %v", err)
	}
}
