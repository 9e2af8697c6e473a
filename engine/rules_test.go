package engine

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

const rulesFolder = "../configs/prometheus/"

var metricName = regexp.MustCompile(`unopened_[a-z_]+`)

// TestRulesNameMetricsThatExist holds the alert rules against the metrics of this program.
func TestRulesNameMetricsThatExist(t *testing.T) {
	known := make(chan *prometheus.Desc, 100)
	e := (&world{}).engine(t)
	e.publishSplit(0, &SplitCounts{}) // so that there is a partition whose last batch is told
	e.Describe(known)
	close(known)
	exists := map[string]bool{}
	for d := range known {
		exists[metricName.FindString(d.String())] = true
	}
	for _, name := range []string{"unopened.rules.yml", "unopened.rules.test.yml"} {
		text, err := os.ReadFile(rulesFolder + name)
		if err != nil {
			t.Fatal(err)
		}
		found := metricName.FindAllString(string(text), -1)
		if len(found) < 5 {
			t.Errorf("%s names %v: this test looks at nothing", name, found)
		}
		for _, metric := range found {
			if !exists[metric] {
				t.Errorf("%s names %s, which this program does not have", name, metric)
			}
		}
	}
}

// TestRules runs Prometheus's own promtool on the alert rules and on their tests, and on rules that were spoilt, whose
// tests must fail. promtool is no Go module that could be fetched, and nothing else here needs it: where it is missing
// (Debian has it in the package prometheus) the test is skipped, in continuous integration too.
func TestRules(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		t.Skip("promtool is not installed: the alert rules are not tested")
	}
	rules, err := os.ReadFile(rulesFolder + "unopened.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile(rulesFolder + "unopened.rules.test.yml")
	if err != nil {
		t.Fatal(err)
	}
	try := func(text string) (string, error) {
		dir := t.TempDir()
		for name, content := range map[string]string{"unopened.rules.yml": text, "unopened.rules.test.yml": string(tests)} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if out, err := exec.Command(promtool, "check", "rules", filepath.Join(dir, "unopened.rules.yml")).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		cmd := exec.Command(promtool, "test", "rules", "unopened.rules.test.yml")
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	if out, err := try(string(rules)); err != nil {
		t.Errorf("%v: %s", err, out)
	}
	for _, spoilt := range []struct{ from, into string }{
		{"alert: UnopenedContentTripwire", "alert: Other"}, {"alert: UnopenedAccountingImbalance", "alert: Other"},
		{"alert: UnopenedGap", "alert: Other"}, {"alert: UnopenedPartitionStalled", "alert: Other"}, {"alert: UnopenedWindowShrunk", "alert: Other"},
		{"alert: UnopenedCheckpointNotStored", "alert: Other"},
		{"sum by (job) (unopened_content_tripwire_total)\n            > max_over_time(sum by (job) (unopened_content_tripwire_total)[1h:30s] offset 5m)",
			"sum by (job) (increase(unopened_content_tripwire_total[5m])) > 0"}, // takes a partition that moves for news
		{"> 120", "> 1e6"}, {"difference != 0", "difference > 0"},
	} {
		text := strings.Replace(string(rules), spoilt.from, spoilt.into, 1)
		if text == string(rules) {
			t.Fatalf("the rules have no %q", spoilt.from)
		}
		if _, err := try(text); err == nil {
			t.Errorf("with %q for %q the tests of the rules pass", spoilt.into, spoilt.from)
		}
	}
}
