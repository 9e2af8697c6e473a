package main

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
)

// TestDeliveryNamesTests holds docs/delivery.md to its word: every test that it names as a proof exists, those marked with a
// longer form are parts of make soak, and every metric is one of the engine's.
func TestDeliveryNamesTests(t *testing.T) {
	page, err := os.ReadFile("../../docs/delivery.md")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("git", "grep", "--untracked", "-hoE", `^func (Test|Fuzz)[A-Za-z0-9_]+`, "--", "../..").Output()
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("the tests are listed by git grep, which needs a checkout:", err)
	}
	there := make(map[string]bool)
	for line := range strings.Lines(string(out)) {
		there[strings.TrimSpace(strings.TrimPrefix(line, "func "))] = true
	}
	named := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)[^`]*`( ◆)?").FindAllStringSubmatch(string(page), -1)
	for _, m := range named {
		if !there[m[1]] {
			t.Errorf("there is no %s", m[1])
		}
		if m[2] != "" && !strings.Contains(string(makefile), ":"+m[1]) {
			t.Errorf("%s is said to have a longer form, and is no part of make soak", m[1])
		}
	}
	metrics, err := os.ReadFile("../../engine/metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("`(?:unopened_)?([a-z]+(?:_[a-z]+)*_(?:total|seconds|deliveries))[`{]").FindAllStringSubmatch(string(page), -1)
	for _, m := range shown {
		if !strings.Contains(string(metrics), `desc("`+m[1]+`"`) {
			t.Errorf("there is no metric unopened_%s", m[1])
		}
	}
	if len(named) < 40 || len(shown) < 12 {
		t.Errorf("%d tests and %d metrics are named: this test looks at nothing", len(named), len(shown))
	}
}
