package kafka

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestDefaultConfig(t *testing.T) {
	config := DefaultConfig()
	if err := config.Validate(); err != nil {
		t.Error(err)
	}
	if got := strings.Join(config.Topics.names(), " "); got != "unopened.raw.v1 unopened.account.v1 unopened.dead.v1 unopened.alerts.v1" {
		t.Errorf("topics %s", got)
	}
}

func TestValidate(t *testing.T) {
	for want, spoil := range map[string]func(*Config){
		"brokers: is empty":           func(c *Config) { c.Brokers = nil },
		`brokers: "here" is not`:      func(c *Config) { c.Brokers = []string{"here"} },
		"client_id":                   func(c *Config) { c.ClientID = "" },
		"group_prefix":                func(c *Config) { c.GroupPrefix = "" },
		"topics: a name is empty":     func(c *Config) { c.Topics.Dead = "" },
		"is named twice":              func(c *Config) { c.Topics.Dead = c.Topics.Raw },
		"create.raw_partitions":       func(c *Config) { c.Create.RawPartitions = 0 },
		"create.account_partitions":   func(c *Config) { c.Create.AccountPartitions = -1 },
		"create.replication":          func(c *Config) { c.Create.Replication = 0 },
		"create.retention":            func(c *Config) { c.Create.Retention = time.Minute },
		"fetch.max_bytes":             func(c *Config) { c.Fetch.MaxBytes = 1 },
		"fetch.max_wait":              func(c *Config) { c.Fetch.MaxWait = time.Hour },
		"fetch.total_bytes":           func(c *Config) { c.Fetch.TotalBytes = c.Fetch.MaxBytes - 1 },
		"session_timeout":             func(c *Config) { c.SessionTimeout = time.Hour },
		"heartbeat":                   func(c *Config) { c.Heartbeat = c.SessionTimeout },
		"compression":                 func(c *Config) { c.Compression = "brotli" },
		"tls: cert_file and key_file": func(c *Config) { c.TLS = TLS{Enabled: true, CertFile: "x"} },
		"tls: enabled is false":       func(c *Config) { c.TLS = TLS{CAFile: "x"} },
		"sasl.mechanism":              func(c *Config) { c.SASL = SASL{Mechanism: "kerberos", Username: "u", PasswordFile: "p"} },
		"sasl.username":               func(c *Config) { c.SASL = SASL{Mechanism: "scram-sha-256", PasswordFile: "p"} },
		"sasl.password_file":          func(c *Config) { c.SASL = SASL{Mechanism: "scram-sha-256", Username: "u"} },
		"secret in clear":             func(c *Config) { c.SASL = SASL{Mechanism: "plain", Username: "u", PasswordFile: "p"} },
		"but no mechanism":            func(c *Config) { c.SASL = SASL{Username: "u"} },
		"oauthbearer sends its":       func(c *Config) { c.SASL = SASL{Mechanism: "oauthbearer", TokenFile: "t"} },
		"sasl.token_file": func(c *Config) {
			c.TLS.Enabled, c.SASL = true, SASL{Mechanism: "oauthbearer"}
		},
		"the token names the user": func(c *Config) {
			c.TLS.Enabled, c.SASL = true, SASL{Mechanism: "oauthbearer", TokenFile: "t", Username: "u"}
		},
		"exclude each other": func(c *Config) {
			c.SASL = SASL{Mechanism: "scram-sha-256", TokenFile: "t", Username: "u", PasswordFile: "p"}
		},
	} {
		config := DefaultConfig()
		spoil(&config)
		if err := config.Validate(); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", want, err)
		}
	}
	config := DefaultConfig()
	config.Brokers, config.ClientID, config.Compression = nil, "", ""
	if err := config.Validate(); strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("three problems: got %v", err)
	}
}

// New names the key of a file that cannot be used, and tells nothing of a secret.
func TestSecretFiles(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte("secret \x07 text"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Config){
		"kafka.tls.ca_file":        func(c *Config) { c.TLS = TLS{Enabled: true, CAFile: empty + "2"} },
		"holds no certificate":     func(c *Config) { c.TLS = TLS{Enabled: true, CAFile: empty} },
		"kafka.tls.cert_file":      func(c *Config) { c.TLS = TLS{Enabled: true, CertFile: empty, KeyFile: empty} },
		"kafka.sasl.password_file": func(c *Config) { c.SASL = SASL{Mechanism: "scram-sha-512", Username: "u", PasswordFile: empty + "2"} },
		"kafka.sasl: username":     func(c *Config) { c.SASL = SASL{Mechanism: "scram-sha-512", Username: "u", PasswordFile: empty} },
		"kafka.sasl.token_file":    func(c *Config) { c.TLS.Enabled, c.SASL = true, SASL{Mechanism: "oauthbearer", TokenFile: empty} },
	} {
		config := DefaultConfig()
		spoil(&config)
		if _, err := New(config, nil); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v", want, err)
		}
	}
}
