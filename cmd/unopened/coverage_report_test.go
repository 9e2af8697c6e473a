package main

import (
	"strings"
	"testing"
)

// TestCoverageTellsOfWritersTime looks at a topic made without message.timestamp.type=LogAppendTime, and at one of which
// nothing is known.
func TestCoverageTellsOfWritersTime(t *testing.T) {
	cfg, _, _ := fakeKafka(t)
	byWriters := cfg.Kafka.Topics.Account
	cfg.Kafka.Topics.Account = "other"
	args := []string{"--topic", byWriters, "--from-start", "--config", saved(t, cfg)}
	if found := checkJSON(t, args...); found.TimestampType != "CreateTime" {
		t.Errorf("got %q", found.TimestampType)
	}
	if out := ok(t, append([]string{"check"}, args...)...); !strings.Contains(out, "CreateTime") || !strings.Contains(out, "set message.timestamp.type=LogAppendTime") {
		t.Errorf("for people: %s", out)
	}
	var out strings.Builder
	(&checked{TimestampType: "unknown"}).printClock(&out)
	if !strings.Contains(out.String(), "see that it has message.timestamp.type=LogAppendTime") {
		t.Errorf("where it cannot be read: %s", &out)
	}
}
