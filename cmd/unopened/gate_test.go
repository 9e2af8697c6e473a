package main

import (
	"io"
	"net"
	"sync"
	"testing"
)

// gate stands before a server. While it is shut the server is away: connections are cut, and new ones at once.
type gate struct {
	net.Listener
	to      string
	mu      sync.Mutex
	open    map[net.Conn]bool
	shut    bool
	refused int
}

// newGate opens a gate to an address until the test ends.
func newGate(t *testing.T, to string) *gate {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{Listener: listener, to: to, open: make(map[net.Conn]bool)}
	go g.serve()
	t.Cleanup(func() {
		_ = g.Close() // the test is over
		g.set(true)
	})
	return g
}

// set shuts the gate or opens it, and returns how many were refused while it was shut.
func (g *gate) set(shut bool) int {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.shut = shut
	if shut {
		for c := range g.open {
			_ = c.Close() // its server sees
		}
	}
	return g.refused
}

// serve passes connections on until the listener is closed.
func (g *gate) serve() {
	for {
		client, err := g.Accept()
		if err != nil {
			return
		}
		if server := g.enter(client); server != nil {
			go g.pass(client, server)
			go g.pass(server, client)
		} else {
			_ = client.Close() // it was refused
		}
	}
}

// enter connects a client to the server; nil while the gate is shut.
func (g *gate) enter(client net.Conn) net.Conn {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		g.refused++
		return nil
	}
	server, err := net.Dial("tcp", g.to)
	if err != nil {
		return nil
	}
	g.open[client], g.open[server] = true, true
	return server
}

// pass copies one way until an end closes, then closes both.
func (g *gate) pass(from, to net.Conn) {
	_, _ = io.Copy(to, from) // an error is an end too
	_, _ = from.Close(), to.Close()
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.open, from)
	delete(g.open, to)
}
