package kafka

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
)

// dialer opens connections, each with the certificates that the files hold then: they can be replaced while the
// program runs. Where the config asks for TLS a connection without it never leaves dial.
type dialer struct {
	config TLS
	log    *slog.Logger
	mu     sync.Mutex
	last   *tls.Config // of files that could be used; nil when TLS is off
	broken string      // what is wrong with the files since
}

// open reads the certificates once, so that a mistake shows at the start.
func (t *TLS) open(log *slog.Logger) (*dialer, error) {
	d := &dialer{config: *t, log: log}
	if !t.Enabled {
		return d, nil
	}
	var err error
	d.last, err = t.load()
	return d, err
}

// dial connects to a broker.
func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, address)
	if err != nil || !d.config.Enabled {
		return conn, err
	}
	config := d.current().Clone()
	if config.ServerName == "" {
		if config.ServerName, _, err = net.SplitHostPort(address); err != nil {
			_ = conn.Close() // nothing was sent
			return nil, err
		}
	}
	secure := tls.Client(conn, config)
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close() // nothing but the handshake was sent
		return nil, fmt.Errorf("TLS with %s: %w", address, err)
	}
	return secure, nil
}

// current reads the files again. Where they cannot be used those of before hold on, and the log says so once.
func (d *dialer) current() *tls.Config {
	d.mu.Lock()
	defer d.mu.Unlock()
	config, err := d.config.load()
	if err == nil {
		d.last, d.broken = config, ""
	} else if err.Error() != d.broken {
		d.broken = err.Error()
		d.log.Error("kafka: the certificates on disk cannot be used; new connections take the former ones until they are mended", "error", "kafka."+d.broken)
	}
	return d.last
}

// load reads the certificates.
func (t *TLS) load() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("tls.ca_file: %w", err)
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca_file: %s holds no certificate in PEM", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("tls.cert_file and tls.key_file: %w", err)
		}
		config.Certificates = []tls.Certificate{pair}
	}
	return config, nil
}
