package store

import (
	"errors"
	"fmt"
	"regexp"
	"time"
)

// Config is where rows go and for how long they stay.
type Config struct {
	// Addr is the host:port of a ClickHouse server's native protocol; empty for the embedded engine.
	Addr string `yaml:"addr"`
	// Database holds the tables. It is made if need be.
	Database string `yaml:"database"`
	// User logs in at the server. The embedded engine has its own users.
	User string `yaml:"user"`
	// PasswordFile holds the user's password; empty for none.
	PasswordFile string `yaml:"password_file"`
	// TLS encrypts the connection to the server and checks its certificate.
	TLS bool `yaml:"tls"`
	// KeepEvents is how long an applied event stays, from its event time on; 0 stores none.
	KeepEvents time.Duration `yaml:"keep_events"`
	// KeepVerdicts is how long a verdict and its feature vector stay.
	KeepVerdicts time.Duration `yaml:"keep_verdicts"`
	// KeepAlerts is how long an alert stays.
	KeepAlerts time.Duration `yaml:"keep_alerts"`
	// BatchRows is how many rows a shard gathers before it sends them; a checkpoint sends what there is. A shard has
	// three batches at most; rows of several shards that wait at the same time are sent together.
	BatchRows int `yaml:"batch_rows"`
}

// DefaultConfig returns the defaults: the embedded engine, events for two weeks, verdicts for three months, alerts for
// two years.
func DefaultConfig() Config {
	const day = 24 * time.Hour
	return Config{
		Database: "unopened", User: "default", KeepEvents: 14 * day, KeepVerdicts: 90 * day, KeepAlerts: 730 * day,
		BatchRows: 10_000,
	}
}

// longest is the most that can be kept; event times end in 2100 and ClickHouse's in 2299.
const longest = 100 * 365 * 24 * time.Hour

var plainName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,63}$`)

// Validate tells all that is wrong with the config.
func (c *Config) Validate() error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	bad(plainName.MatchString(c.Database), "database: %q is not a plain name of letters, digits and _", c.Database)
	bad(c.Addr == "" || c.User != "", "user: is empty; name the server's user")
	bad(!c.TLS || c.Addr != "", "tls: is for a server; addr is empty")
	bad(c.KeepEvents == 0 || c.KeepEvents >= time.Hour && c.KeepEvents <= longest,
		"keep_events: %s is neither 0 nor between 1h and %s", c.KeepEvents, longest)
	bad(c.KeepVerdicts >= time.Hour && c.KeepVerdicts <= longest, "keep_verdicts: %s is not between 1h and %s", c.KeepVerdicts, longest)
	bad(c.KeepAlerts >= time.Hour && c.KeepAlerts <= longest, "keep_alerts: %s is not between 1h and %s", c.KeepAlerts, longest)
	bad(c.BatchRows >= 1 && c.BatchRows <= 1_000_000, "batch_rows: %d is not between 1 and 1000000", c.BatchRows)
	return errors.Join(errs...)
}
