package engine

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Config is how the roles keep their state.
type Config struct {
	// Checkpoints is the folder of the checkpoints, below the data folder unless it is absolute, or s3://bucket/prefix.
	// Members on several machines need one that all of them reach.
	Checkpoints string `yaml:"checkpoints"`
	// S3 is how the object storage is reached, where Checkpoints names one.
	S3 S3 `yaml:"s3"`
	// Visibility restricts what is split, as to a messenger that sees less.
	Visibility Visibility `yaml:"visibility"`
	// SealEvery is the time between two checkpoints of a partition; one comes earlier when much has changed.
	SealEvery time.Duration `yaml:"seal_every"`
	// Window is W: how far behind the watermark an event may lie, and for how long repeats are recognised.
	Window time.Duration `yaml:"window"`
	// WindowIDs is the most ids that a shard remembers; beyond it the window shrinks.
	WindowIDs int `yaml:"window_ids"`
	// AlignSpan is how far in event time one raw partition may be split ahead of another.
	AlignSpan time.Duration `yaml:"align_span"`
	// AlignQuiet is how long a partition must have been at its log's end so that none waits for it.
	AlignQuiet time.Duration `yaml:"align_quiet"`
	// AlignPatience is how long a partition waits for another one that cannot be read.
	AlignPatience time.Duration `yaml:"align_patience"`
	// Listen is the address of /metrics, /healthz and /readyz; empty for none.
	Listen string `yaml:"listen"`
}

// Visibility names the profile of what a messenger's servers can see (ingest.Profile), to which events are restricted.
type Visibility struct {
	// Profile is the name of one that ships or a file; empty for no restriction.
	Profile string `yaml:"profile"`
	// Doubtful is whether what the profile marks as doubtful counts as seen.
	Doubtful bool `yaml:"doubtful"`
}

// DefaultConfig returns the defaults.
func DefaultConfig() Config {
	return Config{
		Checkpoints: "checkpoints", SealEvery: 10 * time.Second, Window: 6 * time.Hour, WindowIDs: 50_000_000,
		AlignSpan: time.Hour, AlignQuiet: 2 * time.Second, AlignPatience: 10 * time.Second, Listen: "127.0.0.1:9464",
	}
}

// Validate tells all that is wrong with the config.
func (c *Config) Validate() error {
	var errs []error
	bad := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	bad(c.Checkpoints != "", "checkpoints: is empty; name a folder, such as %q", DefaultConfig().Checkpoints)
	if bucket, ok := strings.CutPrefix(c.Checkpoints, bucketScheme); ok {
		bad(bucket != "" && bucket[0] != '/', "checkpoints: %q names no bucket; write s3://bucket/prefix", c.Checkpoints)
		bad(c.S3.Endpoint != "", "s3.endpoint: is empty; name the object storage as host:port")
		bad((c.S3.AccessKeyFile == "") == (c.S3.SecretKeyFile == ""), "s3: access_key_file and secret_key_file go together")
	} else {
		bad(c.S3 == S3{}, "s3: is set, but checkpoints is a folder; write s3://bucket/prefix there")
	}
	bad(c.Visibility.Profile != "" || !c.Visibility.Doubtful, "visibility.doubtful: is set, but visibility.profile names no profile; name one")
	bad(c.SealEvery >= 100*time.Millisecond, "seal_every: %s is below 100ms", c.SealEvery)
	bad(c.Window >= time.Minute && c.Window <= 24*time.Hour, "window: %s is not between 1m and 24h", c.Window)
	bad(c.WindowIDs >= 1000, "window_ids: %d is below 1000", c.WindowIDs)
	bad(c.AlignSpan > 0 && c.AlignSpan < c.Window, "align_span: %s is not between 0 and window (%s)", c.AlignSpan, c.Window)
	bad(c.AlignQuiet > 0, "align_quiet: %s is not above 0", c.AlignQuiet)
	bad(c.AlignPatience > 0, "align_patience: %s is not above 0", c.AlignPatience)
	return errors.Join(errs...)
}
