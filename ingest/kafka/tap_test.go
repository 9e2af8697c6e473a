package kafka

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// tap passes connections on to a broker and keeps what clients send.
type tap struct {
	net.Listener
	mu   sync.Mutex
	sent []*bytes.Buffer // a connection each
}

// newTap listens for connections to target.
func newTap(t *testing.T, target string) *tap {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{Listener: listener}
	var passing sync.WaitGroup
	t.Cleanup(func() { _ = listener.Close(); passing.Wait() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			passing.Go(func() { p.pass(client, target) })
		}
	}()
	return p
}

// pass copies both ways until one side ends.
func (p *tap) pass(client net.Conn, target string) {
	defer client.Close() // over
	server, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	kept := new(bytes.Buffer)
	p.mu.Lock()
	p.sent = append(p.sent, kept)
	p.mu.Unlock()
	go func() { _, _ = io.Copy(client, server); _ = client.Close() }() // ends with either side
	_, _ = io.Copy(io.MultiWriter(server, lockedWriter{p, kept}), client)
	_ = server.Close()
}

type lockedWriter struct {
	p *tap
	b *bytes.Buffer
}

func (w lockedWriter) Write(b []byte) (int, error) {
	w.p.mu.Lock()
	defer w.p.mu.Unlock()
	return w.b.Write(b)
}

// clear returns how many bytes clients sent in all, and how many of them are not of TLS records (RFC 8446, section 5.1)
// that are whole, or begin one at the end.
func (p *tap) clear() (all, clear int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, b := range p.sent {
		rest := b.Bytes()
		all += len(rest)
		for len(rest) >= 5 && rest[0] >= 20 && rest[0] <= 23 && rest[1] == 3 {
			rest = rest[min(len(rest), 5+int(rest[3])<<8+int(rest[4])):]
		}
		if len(rest) >= 5 {
			clear += len(rest)
		}
	}
	return all, clear
}
