package alerts

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"code.dny.dev/ssrf"
)

// vectors are hosts that lead, or may lead, into the operator's own network. Those that are no address stand for
// notations and names that a resolver turns into one: the second column says which.
var vectors = []struct{ host, resolved string }{
	{"127.0.0.1", ""}, {"127.0.0.53", ""}, {"127.255.255.254", ""}, {"0.0.0.0", ""}, {"0.1.2.3", ""},
	{"10.0.0.1", ""}, {"172.16.0.1", ""}, {"172.31.255.255", ""}, {"192.168.1.1", ""}, {"100.64.0.1", ""},
	{"169.254.169.254", ""}, {"169.254.170.2", ""}, {"100.100.100.200", ""}, {"168.63.129.16", ""}, {"192.0.0.192", ""},
	{"198.18.0.1", ""}, {"192.0.2.1", ""}, {"198.51.100.1", ""}, {"203.0.113.1", ""},
	{"224.0.0.1", ""}, {"240.0.0.1", ""}, {"255.255.255.255", ""},
	{"[::1]", ""}, {"[::]", ""}, {"[::127.0.0.1]", ""}, {"[::ffff:127.0.0.1]", ""}, {"[::ffff:7f00:1]", ""},
	{"[0:0:0:0:0:ffff:7f00:0001]", ""}, {"[::ffff:10.0.0.1]", ""}, {"[::ffff:169.254.169.254]", ""}, {"[::ffff:168.63.129.16]", ""},
	{"[::ffff:0:127.0.0.1]", ""}, {"[64:ff9b::7f00:1]", ""}, {"[64:ff9b::a9fe:a9fe]", ""}, {"[64:ff9b:1::7f00:1]", ""},
	{"[2002:7f00:1::]", ""}, {"[2002:a9fe:a9fe::1]", ""}, {"[2001:0:7f00:1::]", ""}, {"[2001:db8::1]", ""}, {"[100::1]", ""},
	{"[fc00::1]", ""}, {"[fd00:ec2::254]", ""}, {"[fe80::1]", ""}, {"[fe80::1%25lo]", ""}, {"[fec0::1]", ""}, {"[ff02::1]", ""}, {"[5f00::1]", ""},
	{"[2606:4700::5efe:127.0.0.1]", ""}, {"[2606:4700::200:5efe:a9fe:a9fe]", ""},
	{"localhost", "127.0.0.1"}, {"localhost.", "127.0.0.1"}, {"LOCALHOST", "::1"}, {"ip6-localhost", "::1"},
	{"2130706433", "127.0.0.1"}, {"0x7f000001", "127.0.0.1"}, {"017700000001", "127.0.0.1"}, {"0177.0.0.1", "127.0.0.1"},
	{"0x7f.1", "127.0.0.1"}, {"127.1", "127.0.0.1"}, {"127.0.1", "127.0.0.1"}, {"0", "0.0.0.0"}, {"00000127.0.0.1", "127.0.0.1"},
	{"2852039166", "169.254.169.254"}, {"①②⑦.⓪.⓪.①", "127.0.0.1"}, {"127。0。0。1", "127.0.0.1"},
	{"inside.example", "10.1.2.3"}, {"metadata.google.internal", "169.254.169.254"}, {"mapped.example", "::ffff:127.0.0.1"},
}

// counting is a server on loopback, IPv4 and IPv6 where there is one, that counts connections.
func counting(t *testing.T) (port string, connections *atomic.Int64) {
	t.Helper()
	connections = new(atomic.Int64)
	l, err := net.Listen("tcp", ":0") // all addresses of this machine
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.Listener = l
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // TLS is spoken to it in vain
	server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			connections.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port, connections
}

// aim has a webhook resolve by the vectors' table and connect to the listener's port; the guard, where there is one,
// is told that the port is 443. Dialer, guard and connect are the real ones.
func aim(w *Webhook, port string, g guard) {
	w.client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		for _, v := range vectors {
			if v.resolved != "" && v.host == host {
				host = v.resolved
			}
		}
		dialer := &net.Dialer{Timeout: webhookTimeout}
		if g != nil {
			dialer.Control = func(network, address string, conn syscall.RawConn) error {
				at, err := netip.ParseAddrPort(address)
				if err != nil {
					return err
				}
				return g(network, netip.AddrPortFrom(at.Addr(), portHTTPS).String(), conn)
			}
		}
		return dialer.DialContext(ctx, network, net.JoinHostPort(host, port))
	}
}

// public returns a webhook to a host that is not permitted to go to this machine.
func public(t *testing.T, host string) *Webhook {
	t.Helper()
	w := webhookTo(t, "https://example.org/", secret)
	w.url = "https://" + host + "/hook"
	return w
}

func TestWebhooksDoNotReachInside(t *testing.T) {
	port, connections := counting(t)
	for _, v := range vectors {
		cfg := WebhookConfig{URL: "https://" + v.host + "/hook"}
		if err := checkURL(&cfg); err != nil {
			t.Errorf("%s: refused as it is written (%v): the guard was not tested", v.host, err)
		}
		w := public(t, v.host)
		aim(w, port, newGuard(&cfg))
		err := w.Send(t.Context(), []Delivery{delivery("msg_1", "x")})
		if !errors.Is(err, ssrf.ErrProhibitedIP) {
			t.Errorf("%s: %v", v.host, err)
		}
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

// The control: without the guard the same hosts do reach the listener.
func TestTheListenerCountsWhatTheGuardStops(t *testing.T) {
	port, connections := counting(t)
	reached := int64(0)
	for _, v := range vectors {
		address := v.resolved
		if address == "" {
			address = strings.Trim(v.host, "[]")
		}
		if ip := net.ParseIP(address); ip.To4() == nil || !ip.IsLoopback() && !ip.IsUnspecified() {
			continue
		}
		w := public(t, v.host)
		aim(w, port, nil)
		_ = w.Send(t.Context(), []Delivery{delivery("msg_1", "x")}) // the listener speaks no TLS
		if reached++; connections.Load() != reached {
			t.Errorf("%s did not connect", v.host)
			reached = connections.Load()
		}
	}
	if reached < 15 {
		t.Errorf("only %d vectors reached the listener", reached)
	}
}

// The control of the whole webhook as it is configured: what is allowed connects, the same without allowance does not.
func TestLoopbackIsAnAllowance(t *testing.T) {
	port, connections := counting(t)
	address := "http://127.0.0.1:" + port + "/"
	batch := []Delivery{delivery("msg_1", "x")}
	allowed := webhookTo(t, address, secret)
	if err := allowed.Send(t.Context(), batch); err != nil || connections.Load() != 1 {
		t.Errorf("allowed: %v, %d connections", err, connections.Load())
	}
	strict := public(t, "127.0.0.1:"+port)
	strict.client = newClient(&WebhookConfig{URL: strict.url})
	if err := strict.Send(t.Context(), batch); err == nil || connections.Load() != 1 {
		t.Errorf("not allowed: %v, %d connections", err, connections.Load())
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	port, connections := counting(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler("http://127.0.0.1:"+port+"/", status))
		err := webhookTo(t, server.URL, secret).Send(t.Context(), []Delivery{delivery("msg_1", "x")})
		if err == nil || !strings.Contains(err.Error(), "answered 30") {
			t.Errorf("%d: %v", status, err)
		}
		server.Close()
	}
	if n := connections.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestNoProxy(t *testing.T) {
	if newClient(&WebhookConfig{}).Transport.(*http.Transport).Proxy != nil {
		t.Error("the environment's proxy would be used")
	}
}

func TestGuardTable(t *testing.T) {
	strict := newGuard(&WebhookConfig{URL: "https://example.org/"})
	local := newGuard(&WebhookConfig{URL: "https://example.org/", AllowLoopback: true})
	plain := newGuard(&WebhookConfig{URL: "http://example.org/", AllowLoopback: true})
	for _, tt := range []struct {
		network, address     string
		strict, local, plain bool
	}{
		{"tcp4", "93.184.215.14:443", true, true, false},
		{"tcp4", "93.184.215.14:8443", true, true, false},
		{"tcp6", "[2606:4700:4700::1111]:443", true, true, false},
		{"tcp4", "93.184.215.14:80", false, false, false},
		{"tcp4", "93.184.215.14:22", false, false, false},
		{"tcp4", "93.184.215.14:6379", false, false, false},
		{"tcp4", "168.63.129.16:443", false, false, false},
		{"tcp4", "10.0.0.1:443", false, false, false},
		{"tcp4", "127.0.0.1:9000", false, true, true},
		{"tcp6", "[::1]:9000", false, true, true},
		{"tcp6", "[::ffff:127.0.0.1]:9000", false, true, true},
		{"tcp4", "0.0.0.0:9000", false, false, false},
		{"udp4", "93.184.215.14:443", false, false, false},
		{"unix", "/run/docker.sock", false, false, false},
		{"tcp4", "example.org:443", false, false, false},
	} {
		for name, g := range map[string]struct {
			guard
			want bool
		}{"strict": {strict, tt.strict}, "loopback": {local, tt.local}, "plain": {plain, tt.plain}} {
			if err := g.guard(tt.network, tt.address, nil); (err == nil) != g.want {
				t.Errorf("%s: %s %s: %v", name, tt.network, tt.address, err)
			}
		}
	}
}

func TestWebhookAddresses(t *testing.T) {
	for address, want := range map[string]struct{ strict, local bool }{
		"https://example.org/hook":      {true, true},
		"https://example.org:443/hook":  {true, true},
		"https://example.org:8443/hook": {true, true},
		"https://example.org:444/hook":  {false, true},
		"http://example.org/hook":       {false, true}, // the guard lets it go to this machine only
		"http://127.0.0.1:9000/":        {false, true},
		"ftp://example.org/":            {},
		"file:///etc/passwd":            {},
		"https:///hook":                 {},
		"https://user:pw@example.org/":  {},
		"https://example.org/#there":    {},
		"example.org":                   {},
		"":                              {},
		"https://exa mple.org/":         {},
		"https://example.org]/":         {},
	} {
		if err := checkURL(&WebhookConfig{URL: address}); (err == nil) != want.strict {
			t.Errorf("%q: %v", address, err)
		}
		if err := checkURL(&WebhookConfig{URL: address, AllowLoopback: true}); (err == nil) != want.local {
			t.Errorf("%q, loopback allowed: %v", address, err)
		}
	}
}
