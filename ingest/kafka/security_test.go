package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/unopened/unopened/ingest/kafka/local"
)

// authority is a certificate that signs itself, for servers and clients on 127.0.0.1, with its files.
type authority struct {
	pair            tls.Certificate
	pool            *x509.CertPool
	cert, key, both string
}

func newAuthority(t *testing.T, changes ...func(*x509.Certificate)) authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	for _, change := range changes {
		change(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	a := authority{cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), both: filepath.Join(dir, "both.pem"), pool: x509.NewCertPool()}
	secretPEM := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	writeFile(t, a.cert, certPEM)
	writeFile(t, a.key, secretPEM)
	writeFile(t, a.both, append(secretPEM, certPEM...))
	if a.pair, err = tls.LoadX509KeyPair(a.cert, a.key); err != nil {
		t.Fatal(err)
	}
	a.pool.AddCert(a.pair.Leaf)
	return a
}

func writeFile(t *testing.T, name string, text []byte) string {
	t.Helper()
	if err := os.WriteFile(name, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// Every way to log in works for the group, for fetches and for writes; a wrong one ends at once, with what to check.
func TestSecurity(t *testing.T) {
	ours, other := newAuthority(t), newAuthority(t)
	broker, err := local.Start(t.Context(), local.Options{
		TLS: &tls.Config{Certificates: []tls.Certificate{ours.pair}, ClientCAs: ours.pool, ClientAuth: tls.VerifyClientCertIfGiven},
		Users: []local.User{
			{Mechanism: "PLAIN", Name: "p", Password: "one"}, {Mechanism: "SCRAM-SHA-256", Name: "s", Password: "two"},
			{Mechanism: "SCRAM-SHA-512", Name: "l", Password: "three"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	password := func(text string) string { return writeFile(t, filepath.Join(t.TempDir(), "password"), []byte(text)) }
	encrypted := TLS{Enabled: true, CAFile: ours.cert}
	for _, test := range []struct {
		name string
		tls  TLS
		sasl SASL
		want string // in the error; empty for none
	}{
		{"plain", encrypted, SASL{Mechanism: "plain", Username: "p", PasswordFile: password("one\n")}, ""},
		{"scram-sha-256", encrypted, SASL{Mechanism: "scram-sha-256", Username: "s", PasswordFile: password("two")}, ""},
		{"scram-sha-512", encrypted, SASL{Mechanism: "scram-sha-512", Username: "l", PasswordFile: password("three\r\n")}, ""},
		{"client certificate", TLS{Enabled: true, CAFile: ours.cert, CertFile: ours.cert, KeyFile: ours.key}, SASL{Mechanism: "plain", Username: "p", PasswordFile: password("one")}, ""},
		{"wrong password", encrypted, SASL{Mechanism: "scram-sha-256", Username: "s", PasswordFile: password("three")}, "kafka.sasl.password_file"},
		{"wrong authority", TLS{Enabled: true, CAFile: other.cert}, SASL{Mechanism: "plain", Username: "p", PasswordFile: password("one")}, "kafka.tls.ca_file"},
		{"wrong server name", TLS{Enabled: true, CAFile: ours.cert, ServerName: "elsewhere"}, SASL{Mechanism: "plain", Username: "p", PasswordFile: password("one")}, "kafka.tls.server_name"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := testConfig(t, broker.Addr())
			config.TLS, config.SASL = test.tls, test.sasl
			if test.want != "" {
				cluster, err := New(config, nil)
				if err != nil {
					t.Fatal(err)
				}
				defer cluster.Close()
				if err := runToEnd(t, cluster.Source(config.Topics.Raw, "test"), newKeeper()); err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("source: got %v", err)
				}
				// This broker hangs up at a wrong password where Kafka says what is wrong; nobody waits for 30 seconds.
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				if err := cluster.EnsureTopics(ctx); err == nil || !strings.Contains(err.Error(), test.want) && !strings.Contains(err.Error(), "kafka.sasl") {
					t.Errorf("topics: got %v", err)
				}
				return
			}
			cluster := newCluster(t, config)
			produce(t, cluster, config.Topics.Account, 0, 0, 10)
			k := newKeeper()
			stop := run(t, cluster.Source(config.Topics.Account, "test"), k)
			k.wait(t, "the records", func() bool { return k.next[0] == 10 })
			if err := stop(); err != nil {
				t.Error(err)
			}
		})
	}
}
