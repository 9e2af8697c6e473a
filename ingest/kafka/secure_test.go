package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/unopened/unopened/ingest/kafka/local"
)

// fortress is a real broker with TLS, SASL and access lists.
type fortress struct {
	*local.Java
	ours, other authority
	files       string
	config      Config // by which its administrator reaches it; its topics exist
}

func newFortress(t *testing.T) *fortress {
	t.Helper()
	f := &fortress{ours: newAuthority(t), other: newAuthority(t), files: t.TempDir()}
	broker, err := local.StartSecureJava(t.Context(), t.TempDir(), local.JavaVersion, &local.Security{
		KeyPair: f.ours.both, Authority: f.ours.cert, Users: []local.User{
			{Mechanism: "PLAIN", Name: "p", Password: "one-secret"}, {Mechanism: "SCRAM-SHA-256", Name: "s", Password: "two-secret"},
			{Mechanism: "SCRAM-SHA-512", Name: "l", Password: "three-secret"}, {Mechanism: "PLAIN", Name: "nobody", Password: "four-secret"},
			{Mechanism: "PLAIN", Name: "looker", Password: "five-secret"}, {Mechanism: "PLAIN", Name: "groupless", Password: "six-secret"},
		}})
	f.Java = started(t, err, broker)[0]
	f.config = testConfig(t, f.Addr())
	admin := newCluster(t, f.config)
	produce(t, admin, f.config.Topics.Account, 0, 0, 10)
	f.allow(t, admin, "p", "s", "l", "carol", "CN=test")
	return f
}

// allow lets users use all topics and groups; two more see all topics, and one may use them but no group.
func (f *fortress) allow(t *testing.T, admin *Cluster, users ...string) {
	t.Helper()
	var lists []kafkago.ACLEntry
	add := func(user string, resource kafkago.ResourceType, operation kafkago.ACLOperationType) {
		lists = append(lists, kafkago.ACLEntry{Principal: "User:" + user, Host: "*", ResourceType: resource, ResourceName: "*",
			ResourcePatternType: kafkago.PatternTypeLiteral, PermissionType: kafkago.ACLPermissionTypeAllow, Operation: operation})
	}
	for _, user := range users {
		add(user, kafkago.ResourceTypeTopic, kafkago.ACLOperationTypeAll)
		add(user, kafkago.ResourceTypeGroup, kafkago.ACLOperationTypeAll)
	}
	add("looker", kafkago.ResourceTypeTopic, kafkago.ACLOperationTypeDescribe)
	add("looker", kafkago.ResourceTypeGroup, kafkago.ACLOperationTypeAll)
	add("groupless", kafkago.ResourceTypeTopic, kafkago.ACLOperationTypeAll)
	answer, err := admin.client.Load().CreateACLs(t.Context(), &kafkago.CreateACLsRequest{ACLs: lists})
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range answer.Errors {
		if err != nil {
			t.Fatal(err)
		}
	}
}

// file writes a secret and returns its name.
func (f *fortress) file(t *testing.T, text string) string {
	return writeFile(t, filepath.Join(f.files, fmt.Sprintf("%x", text)), []byte(text))
}

// user logs in by PLAIN.
func (f *fortress) user(t *testing.T, name, password string) SASL {
	return SASL{Mechanism: "plain", Username: name, PasswordFile: f.file(t, password)}
}

// token is an unsecured JSON web token that holds for a while from now on, which may be negative.
func token(holds time.Duration) string {
	part := func(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }
	end := time.Now().Add(holds).Unix()
	return part(`{"alg":"none"}`) + "." + part(fmt.Sprintf(`{"sub":"carol","iat":%d,"exp":%d}`, end-3600, end)) + "."
}

// front answers with a certificate of its own and passes what it gets on to the broker's inner listener.
func (f *fortress) front(t *testing.T, certificate tls.Certificate) string {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close() // over
				if server, err := net.Dial("tcp", f.Addr()); err == nil {
					go func() { _, _ = io.Copy(client, server); _ = client.Close() }() // ends with either side
					_, _ = io.Copy(server, client)
					_ = server.Close()
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// TestSecureBroker logs in to a real broker in each way, reads and writes; and is refused in each way that there is to
// be refused: at once or within its patience, with the key to look at, and without a byte in clear on the wire. The
// controls are the ways that work, and a client without TLS, whose bytes the tap finds.
func TestSecureBroker(t *testing.T) {
	f := newFortress(t)
	encrypted := TLS{Enabled: true, CAFile: f.ours.cert}
	oauth := func(text string) SASL { return SASL{Mechanism: "oauthbearer", TokenFile: f.file(t, text)} }
	for _, test := range []struct {
		name string
		addr string
		tls  TLS
		sasl SASL
	}{
		{"plain", f.SASLAddr(), encrypted, f.user(t, "p", "one-secret")},
		{"scram-sha-256", f.SASLAddr(), encrypted, SASL{Mechanism: "scram-sha-256", Username: "s", PasswordFile: f.file(t, "two-secret\n")}},
		{"scram-sha-512", f.SASLAddr(), encrypted, SASL{Mechanism: "scram-sha-512", Username: "l", PasswordFile: f.file(t, "three-secret\r\n")}},
		{"oauthbearer", f.SASLAddr(), encrypted, oauth(token(time.Hour) + "\n")},
		{"client certificate", f.MTLSAddr(), TLS{Enabled: true, CAFile: f.ours.cert, CertFile: f.ours.cert, KeyFile: f.ours.key}, SASL{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := f.config
			config.Create.Enabled = false
			config.Brokers, config.TLS, config.SASL, config.GroupPrefix = []string{test.addr}, test.tls, test.sasl, test.name
			cluster := newCluster(t, config)
			produce(t, cluster, config.Topics.Account, 1, 0, 10)
			k := newKeeper()
			stop := run(t, cluster.Source(config.Topics.Account, "test"), k)
			k.wait(t, "the records", func() bool { return k.next[0] == 10 && k.next[1] >= 10 })
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
	expired := newAuthority(t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Hour) })
	elsewhere := newAuthority(t, func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 2)} })
	for _, test := range []struct {
		name string
		addr string
		tls  TLS
		sasl SASL
		want string // in the error
	}{
		{"wrong password", f.SASLAddr(), encrypted, f.user(t, "p", "wrong-secret"), "kafka.sasl.password_file"},
		{"wrong password by scram", f.SASLAddr(), encrypted, SASL{Mechanism: "scram-sha-256", Username: "s", PasswordFile: f.file(t, "wrong-secret")}, "kafka.sasl.password_file"},
		{"unknown user", f.SASLAddr(), encrypted, SASL{Mechanism: "scram-sha-512", Username: "x", PasswordFile: f.file(t, "three-secret")}, "kafka.sasl.username"},
		{"token that has expired", f.SASLAddr(), encrypted, oauth(token(-time.Hour)), "kafka.sasl.token_file"},
		{"token of another kind", f.SASLAddr(), encrypted, oauth("abc"), "kafka.sasl.token_file"},
		{"no SASL", f.SASLAddr(), encrypted, SASL{}, "kafka.sasl"},
		{"SASL where there is none", f.MTLSAddr(), TLS{Enabled: true, CAFile: f.ours.cert, CertFile: f.ours.cert, KeyFile: f.ours.key},
			f.user(t, "p", "one-secret"), "kafka.sasl.mechanism"},
		{"wrong authority", f.SASLAddr(), TLS{Enabled: true, CAFile: f.other.cert}, f.user(t, "p", "one-secret"), "kafka.tls.ca_file"},
		{"wrong server name", f.SASLAddr(), TLS{Enabled: true, CAFile: f.ours.cert, ServerName: "elsewhere"}, f.user(t, "p", "one-secret"), "kafka.tls.server_name"},
		{"certificate of another host", f.front(t, elsewhere.pair), TLS{Enabled: true, CAFile: elsewhere.cert}, SASL{}, "kafka.tls.server_name"},
		{"certificate that has expired", f.front(t, expired.pair), TLS{Enabled: true, CAFile: expired.cert}, SASL{}, "renew the broker's certificate"},
		{"no client certificate", f.MTLSAddr(), encrypted, SASL{}, "kafka.tls.cert_file"},
		{"client certificate of another authority", f.MTLSAddr(), TLS{Enabled: true, CAFile: f.ours.cert, CertFile: f.other.cert, KeyFile: f.other.key}, SASL{}, "kafka.tls.cert_file"},
		{"TLS where there is none", f.Addr(), encrypted, SASL{}, "kafka.tls"},
		{"no topic allowed", f.SASLAddr(), encrypted, f.user(t, "nobody", "four-secret"), "allow this client to describe it"},
	} {
		t.Run("refused/"+test.name, func(t *testing.T) {
			t.Parallel() // some are only refused when patience ends
			all, clear, err := f.refused(t, test.addr, test.tls, test.sasl)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), "-secret") {
				t.Errorf("got %v", err)
			}
			if all == 0 || clear != 0 {
				t.Errorf("of %d bytes sent %d are not of TLS", all, clear)
			}
		})
	}
	t.Run("no TLS where there is some", func(t *testing.T) {
		t.Parallel()
		all, clear, err := f.refused(t, f.SASLAddr(), TLS{}, SASL{})
		if err == nil || !strings.Contains(err.Error(), "kafka.tls") || clear == 0 || clear != all {
			t.Errorf("%d of %d bytes in clear, %v", clear, all, err)
		}
	})
	t.Run("fronts that are in order", func(t *testing.T) { // the control of the two above
		config := f.config
		config.Brokers, config.TLS = []string{f.front(t, f.ours.pair)}, encrypted
		config.Topics.Raw += ".unknown"
		cluster, err := New(config, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer cluster.Close()
		if _, err := cluster.client.Load().Metadata(t.Context(), &kafkago.MetadataRequest{}); err != nil {
			t.Error(err)
		}
	})
	t.Run("sessions that end", func(t *testing.T) { f.sessions(t, encrypted, oauth(token(time.Hour))) })
	t.Run("access lists", func(t *testing.T) { f.denied(t, encrypted) })
}

// sessions reads and writes past the end of its sessions: kafka-go does not log in anew on the connections that it has,
// so the broker closes them, and new ones are opened.
func (f *fortress) sessions(t *testing.T, encryption TLS, login SASL) {
	config := f.config
	config.Create.Enabled = false
	config.Brokers, config.TLS, config.SASL, config.GroupPrefix = []string{f.SASLAddr()}, encryption, login, "sessions"
	cluster, k := newCluster(t, config), newKeeper()
	stop := run(t, cluster.Source(config.Topics.Raw, "test"), k)
	load := startLoad(t, cluster, config.Topics.Raw, 1)
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); { // more than two sessions
		load.passed(t, k, 0, 10)
	}
	load.finish(t, k)
	if err := stop(); err != nil {
		t.Error(err)
	}
	if stats := cluster.Stats(); stats.AppendRetries == 0 || met(stats) != "" { // the control: sessions did end
		t.Errorf("stats %+v", stats)
	}
	t.Logf("%d records; %+v", load.written[0].Load(), cluster.Stats())
}

// refused asks for the topics as one who is not let in, by way of a tap.
func (f *fortress) refused(t *testing.T, addr string, encryption TLS, login SASL) (all, clear int, err error) {
	t.Helper()
	tap := newTap(t, addr)
	config := f.config
	config.Create.Enabled = false
	config.Brokers, config.TLS, config.SASL = []string{tap.Addr().String()}, encryption, login
	cluster, err := New(config, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Where the broker only hangs up, the client tries for its whole patience, which is cut short here.
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	err = cluster.EnsureTopics(ctx)
	cluster.Close()
	all, clear = tap.clear()
	return all, clear, err
}

// denied reads and writes as users who may not.
func (f *fortress) denied(t *testing.T, encrypted TLS) {
	connect := func(name, password string) *Cluster {
		config := f.config
		config.Create.Enabled = false
		config.Brokers, config.TLS, config.SASL = []string{f.SASLAddr()}, encrypted, f.user(t, name, password)
		config.GroupPrefix = "denied." + name
		return newCluster(t, config)
	}
	looker, groupless := connect("looker", "five-secret"), connect("groupless", "six-secret")
	for cluster, want := range map[*Cluster]string{looker: "", groupless: LogAppendTime} { // seeing a topic is not seeing its settings
		if got := cluster.TimestampType(t.Context(), f.config.Topics.Raw); got != want {
			t.Errorf("message.timestamp.type is %q, want %q", got, want)
		}
	}
	if err := runToEnd(t, looker.Source(f.config.Topics.Account, "test"), newKeeper()); err == nil || !strings.Contains(err.Error(), "read and write the topic") {
		t.Errorf("reading a topic that may only be seen: %v", err)
	}
	log, err := looker.Log(t.Context(), f.config.Topics.Account, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := log.Append(t.Context(), 0, [][]byte{[]byte("v")}); err == nil || !strings.Contains(err.Error(), "read and write the topic") {
		t.Errorf("writing to a topic that may only be seen: %v", err)
	}
	if err := runToEnd(t, groupless.Source(f.config.Topics.Account, "test"), newKeeper()); err == nil || !strings.Contains(err.Error(), "kafka.group_prefix") {
		t.Errorf("a group that may not be joined: %v", err)
	}
	k := newKeeper() // the control: the same user reads what no group is needed for
	if err := groupless.ReadAll(f.config.Topics.Account).Run(t.Context(), k.opener); err != nil || len(k.seen[0]) != 10 {
		t.Errorf("%v, %d records", err, len(k.seen[0]))
	}
}
