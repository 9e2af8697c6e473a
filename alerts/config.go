package alerts

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/unopened/unopened/models"
)

// Config says when alerts are raised and where they go.
type Config struct {
	Tenant        string           `yaml:"tenant"`         // part of each alert's id
	KeyFile       string           `yaml:"key_file"`       // identity key, from which alert ids come; empty: identity.key in the data folder, made at first use
	Bands         map[string]Bands `yaml:"bands"`          // by harm; a harm without an entry has the default
	CoolDown      time.Duration    `yaml:"cool_down"`      // event time without a qualifying event that ends an episode
	MinimumEvents uint32           `yaml:"minimum_events"` // fewer events of the account never open an alert
	Promoted      []string         `yaml:"promoted"`       // harms that raise alerts; all others are in shadow
	Since         string           `yaml:"since"`          // RFC 3339: what happened before opens no alert, such as the history of a warm-up; empty for no limit
	DailyBudget   int              `yaml:"daily_budget"`   // alerts opened in an event-time day, UTC; 0 for no limit
	Console       string           `yaml:"console"`        // address of the console, for links; empty for none
	Webhooks      []WebhookConfig  `yaml:"webhooks"`
	Lines         string           `yaml:"lines"` // file that gets each alert as a line; - for standard output, empty for none
}

// Bands are the lower edges of the severities, as scores. High is the action threshold: there an alert opens.
type Bands struct {
	Low      float64 `yaml:"low"`
	Medium   float64 `yaml:"medium"`
	High     float64 `yaml:"high"`
	Critical float64 `yaml:"critical"`
}

// DefaultBands are the edges of a harm whose own were not given.
var DefaultBands = Bands{Low: .5, Medium: .7, High: .9, Critical: .97}

// UnmarshalYAML keeps the default of each edge that is not given.
func (b *Bands) UnmarshalYAML(unmarshal func(any) error) error {
	*b = DefaultBands
	type plain Bands
	return unmarshal((*plain)(b))
}

// WebhookConfig is one receiver of signed webhooks.
type WebhookConfig struct {
	Name       string `yaml:"name"` // names the queue; empty: the URL's host
	URL        string `yaml:"url"`
	SecretFile string `yaml:"secret_file"` // one "whsec_…" a line: each signs, so that a receiver can change over
	// AllowLoopback permits addresses of this machine, on any port and by plain HTTP. Nothing else changes.
	AllowLoopback bool `yaml:"allow_loopback"`
}

// name is the queue's name.
func (w *WebhookConfig) name() string {
	if u, err := url.Parse(w.URL); w.Name == "" && err == nil {
		return "webhook " + u.Host
	}
	return "webhook " + w.Name
}

// DefaultConfig has every harm in shadow and sends nothing anywhere.
func DefaultConfig() Config {
	bands := make(map[string]Bands, models.Harms)
	for _, name := range models.Names {
		bands[name] = DefaultBands
	}
	return Config{
		Tenant: "default", Bands: bands, CoolDown: 24 * time.Hour, MinimumEvents: 1,
		Promoted: []string{}, Webhooks: []WebhookConfig{},
	}
}

// SinceMs returns Since as Unix milliseconds; 0 where it is empty.
func (c *Config) SinceMs() (int64, error) {
	if c.Since == "" {
		return 0, nil
	}
	at, err := time.Parse(time.RFC3339, c.Since)
	return at.UnixMilli(), err
}

// problems are what is wrong with a config.
type problems []error

// when adds a problem if there is one.
func (p *problems) when(wrong bool, format string, args ...any) {
	if wrong {
		*p = append(*p, fmt.Errorf("alerts."+format, args...))
	}
}

// Validate returns all that is wrong with the config, as one error.
func (c *Config) Validate() error {
	var p problems
	p.when(c.Tenant == "", "tenant: is empty; name the deployment, such as %q", "default")
	p.when(c.CoolDown < time.Minute, "cool_down: %s is below 1m", c.CoolDown)
	_, err := c.SinceMs()
	p.when(err != nil, "since: %q is no time such as 2026-11-01T00:00:00Z", c.Since)
	p.when(c.DailyBudget < 0, "daily_budget: %d is below 0; 0 means no limit", c.DailyBudget)
	u, err := url.Parse(c.Console)
	p.when(c.Console != "" && (err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http"),
		"console: %q is no address such as https://unopened.example", c.Console)
	for i, name := range c.Promoted {
		_, ok := models.ParseHarm(name)
		p.when(!ok, "promoted[%d]: no harm %q; the harms are %s", i, name, strings.Join(models.Names[:], ", "))
	}
	for _, name := range slices.Sorted(maps.Keys(c.Bands)) {
		b := c.Bands[name]
		_, ok := models.ParseHarm(name)
		p.when(!ok, "bands: no harm %q; the harms are %s", name, strings.Join(models.Names[:], ", "))
		p.when(!(0 < b.Low && b.Low < b.Medium && b.Medium < b.High && b.High < b.Critical && b.Critical <= 1),
			"bands.%s: %v must rise from above 0 to at most 1", name, b)
	}
	names := make(map[string]int, len(c.Webhooks))
	for i := range c.Webhooks {
		w := &c.Webhooks[i]
		err := checkURL(w)
		p.when(err != nil, "webhooks[%d].url: %w", i, err)
		p.when(w.SecretFile == "", "webhooks[%d].secret_file: is empty; `unopened keys` makes a webhook secret", i)
		first, taken := names[w.name()]
		p.when(taken, "webhooks[%d]: has the name of webhooks[%d]; give it a name of its own", i, first)
		names[w.name()] = i
	}
	return errors.Join(p...)
}
