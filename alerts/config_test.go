package alerts

import (
	"strings"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/unopened/unopened/models"
)

func TestDefaultsAreValid(t *testing.T) {
	cfg := DefaultConfig()
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	if len(cfg.Bands) != models.Harms || len(cfg.Promoted) != 0 {
		t.Errorf("%+v", cfg)
	}
}

func TestConfigIsReadFromYAML(t *testing.T) {
	cfg := DefaultConfig()
	text := "bands: {spam: {high: 0.8}}\ncool_down: 2h\nsince: 2026-11-01T00:00:00Z\npromoted: [spam]\nkey_file: k\nwebhooks:\n" +
		"  - {url: 'https://example.org/', secret_file: s}\n  - {name: local, url: 'http://127.0.0.1:1/', secret_file: s, allow_loopback: true}\n"
	if err := yaml.Unmarshal([]byte(text), &cfg); err != nil {
		t.Fatal(err)
	}
	if err := cfg.Validate(); err != nil {
		t.Error(err)
	}
	if want := (Bands{.5, .7, .8, .97}); cfg.Bands["spam"] != want || cfg.Bands["scam"] != DefaultBands || cfg.CoolDown != 2*time.Hour {
		t.Errorf("%+v", cfg)
	}
	if at, err := cfg.SinceMs(); err != nil || at != 1793491200000 {
		t.Errorf("since %d, %v", at, err)
	}
	if a, b := cfg.Webhooks[0].name(), cfg.Webhooks[1].name(); a != "webhook example.org" || b != "webhook local" {
		t.Errorf("names %q, %q", a, b)
	}
	strict := yaml.NewDecoder(strings.NewReader("bands: {spam: {hihg: 0.8}}"))
	strict.KnownFields(true)
	if err := strict.Decode(&cfg); err == nil {
		t.Error("an unknown band was taken")
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Tenant, cfg.CoolDown, cfg.DailyBudget, cfg.Console = "", time.Second, -1, "console"
	cfg.Promoted, cfg.Since = []string{"spam", "spma"}, "yesterday"
	cfg.Bands["spma"], cfg.Bands["scam"] = DefaultBands, Bands{.5, .4, .9, .97}
	cfg.Webhooks = []WebhookConfig{{URL: "http://example.org/", SecretFile: "s"}, {URL: "https://example.org/"}}
	err := cfg.Validate()
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{
		"alerts.tenant:", "alerts.cool_down:", "alerts.daily_budget:", "alerts.console:", `alerts.since: "yesterday"`, `alerts.promoted[1]: no harm "spma"`,
		`alerts.bands: no harm "spma"`, "alerts.bands.scam:", "alerts.webhooks[0].url:", "alerts.webhooks[1].secret_file:", "alerts.webhooks[1]: has the name of webhooks[0]",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not told in:\n%v", want, err)
		}
	}
	if got := strings.Count(err.Error(), "\n") + 1; got != 11 {
		t.Errorf("%d problems:\n%v", got, err)
	}
}
