package alerts

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"
)

// metadata are addresses at which clouds answer their guests, and which nothing in net/netip tells from public ones.
var metadata = []netip.Prefix{
	netip.MustParsePrefix("100.64.0.0/10"),    // Alibaba's 100.100.100.200; shared by carriers, RFC 6598
	netip.MustParsePrefix("168.63.129.16/32"), // Azure
	netip.MustParsePrefix("192.0.0.0/24"),     // Oracle's 192.0.0.192
}

// inside tells whether an address, or an IPv4 address within it, leads into somebody's own network: by the predicates
// of net/netip and the addresses of metadata.
func inside(a netip.Addr) bool {
	a = a.Unmap()
	private := !a.IsGlobalUnicast() || a.IsPrivate() || slices.ContainsFunc(metadata, func(p netip.Prefix) bool { return p.Contains(a) })
	return private || slices.ContainsFunc(embedded(a), inside)
}

// embedded are the IPv4 addresses that an IPv6 address may carry. Translators whose prefix is a network's own (RFC 6052)
// cannot be told from other addresses.
func embedded(a netip.Addr) []netip.Addr {
	if a.Is4() {
		return nil
	}
	b := a.As16()
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte(b[i:])) }
	word := func(i int) uint32 { return binary.BigEndian.Uint32(b[i:]) }
	switch {
	case word(0) == 0 && word(4) == 0 && (word(8) == 0 || word(8) == 0xffff0000): // RFC 4291, RFC 2765
		return []netip.Addr{at(12)}
	case word(0) == 0x64ff9b: // NAT64: RFC 6052 and RFC 8215
		return []netip.Addr{at(12)}
	case b[0] == 0x20 && b[1] == 2: // 6to4: RFC 3056
		return []netip.Addr{at(2)}
	case word(0) == 0x20010000: // Teredo: RFC 4380
		return []netip.Addr{at(4), netip.AddrFrom4([4]byte{^b[12], ^b[13], ^b[14], ^b[15]})}
	case word(8)&^0x02000000 == 0x5efe: // ISATAP: RFC 5214
		return []netip.Addr{at(12)}
	}
	return nil
}

// The oracle tells inside from outside on addresses that are known.
func TestInside(t *testing.T) {
	for text, want := range map[string]bool{
		"93.184.215.14": false, "2606:4700:4700::1111": false, "2002:5db8:d70e::1": false, "64:ff9b::5db8:d70e": false,
		"2606:4700::5efe:5db8:d70e": false, "127.0.0.1": true, "10.0.0.1": true, "169.254.169.254": true, "100.100.100.200": true, "168.63.129.16": true,
		"192.0.0.192": true, "::1": true, "fe80::1": true, "fd00:ec2::254": true, "::ffff:10.0.0.1": true, "::127.0.0.1": true,
		"64:ff9b::7f00:1": true, "64:ff9b:1::a00:1": true, "2002:7f00:1::": true, "2001:0:5db8:d70e::80ff:fffe": true,
		"2001:0:a00:1::a247:28f1": true, "2606:4700::5efe:a00:1": true, "2606:4700::200:5efe:127.0.0.1": true,
	} {
		if got := inside(netip.MustParseAddr(text)); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

// dials returns where a webhook's client goes for its URL, without going there.
func dials(cfg *WebhookConfig) (address string) {
	client := newClient(cfg)
	client.Transport.(*http.Transport).DialContext = func(_ context.Context, _, to string) (net.Conn, error) {
		address = to
		return nil, errors.ErrUnsupported
	}
	_, _ = client.Get(cfg.URL) //nolint:bodyclose // there is never an answer
	return address
}

// checkGuard fails if the guard of a webhook lets an address through that is inside, this machine's excepted where that
// is allowed, or to any but the two ports.
func checkGuard(t *testing.T, cfg *WebhookConfig, address string) {
	t.Helper()
	for _, network := range []string{"tcp4", "tcp6"} {
		if newGuard(cfg)(network, address, nil) != nil {
			continue
		}
		at, err := netip.ParseAddrPort(address)
		if local := cfg.AllowLoopback && at.Addr().IsLoopback(); err == nil && local {
			continue
		}
		if err != nil || inside(at.Addr()) || at.Port() != portHTTPS && at.Port() != portHTTPSAlt || !strings.HasPrefix(strings.ToLower(cfg.URL), "https:") {
			t.Errorf("%q (loopback allowed: %v) was let to %s (%v)", cfg.URL, cfg.AllowLoopback, address, err)
		}
	}
}

// FuzzGuard holds what a webhook's URL and its guard let through against net/netip: a URL as somebody writes it, where
// the client goes for it, and an address to which a name may have resolved, as bytes and as text.
func FuzzGuard(f *testing.F) {
	for _, v := range vectors {
		text := v.resolved
		if text == "" {
			text = strings.ReplaceAll(strings.Trim(v.host, "[]"), "%25", "%")
		}
		a := netip.MustParseAddr(text)
		f.Add("https://"+v.host+"/hook", false, a.AsSlice(), netip.AddrPortFrom(a, portHTTPS).String())
	}
	f.Add("http://127.0.0.1:9000/", true, []byte{127, 0, 0, 1}, "127.0.0.1:9000")
	f.Add("http://example.org/", true, []byte{93, 184, 215, 14}, "93.184.215.14:443")
	f.Add("https://93.184.215.14:9000/", false, []byte{93, 184, 215, 14}, "93.184.215.14:9000")
	f.Add("https://[2606:4700:4700::1111]:8443/a?b#c", false, netip.MustParseAddr("2606:4700::5efe:a00:1").AsSlice(), "93.184.215.14:8443")
	f.Fuzz(func(t *testing.T, address string, local bool, ip []byte, resolved string) {
		cfg := &WebhookConfig{URL: address, AllowLoopback: local}
		checkGuard(t, cfg, resolved)
		if a, ok := netip.AddrFromSlice(ip); ok {
			checkGuard(t, cfg, netip.AddrPortFrom(a, portHTTPS).String())
		}
		if checkURL(cfg) != nil {
			return
		}
		to := dials(cfg)
		host, port, err := net.SplitHostPort(to)
		if to != "" && (err != nil || host == "" || !local && port != "443" && port != "8443") {
			t.Errorf("%q goes to %q", address, to)
		}
		checkGuard(t, cfg, to)
	})
}

// FuzzSignature signs any body under any id: HMAC-SHA256 as the standard says, the receiver takes it, and with any one
// byte of body, id, time or signature changed it does not.
func FuzzSignature(f *testing.F) {
	f.Add("msg_1", []byte(`{"type":"alert.opened"}`), uint16(0), byte(1), []byte("a secret of 24 bytes or m"))
	f.Add("msg_1.2", []byte(".1.{}"), uint16(9), byte('.'^'1'), bytes.Repeat([]byte{0}, minSecret))
	f.Add("\xff", []byte{}, uint16(70), byte(0x20), bytes.Repeat([]byte{0xff}, maxSecret))
	f.Fuzz(func(t *testing.T, id string, body []byte, at uint16, change byte, key []byte) {
		signer, err := newSigner("whsec_" + base64.StdEncoding.EncodeToString(key))
		if (err == nil) != (len(key) >= minSecret && len(key) <= maxSecret) {
			t.Fatalf("a secret of %d bytes: %v", len(key), err)
		}
		if err != nil || id == "" || len(body) >= maxBody {
			return
		}
		h := make(http.Header)
		if err := (&Webhook{signers: []*standardwebhooks.Webhook{signer}}).sign(h, id, body); err != nil {
			t.Fatal(err)
		}
		mac := hmac.New(sha256.New, key)
		mac.Write(slices.Concat([]byte(id+"."+h.Get(standardwebhooks.HeaderWebhookTimestamp)+"."), body))
		if got := h.Get(standardwebhooks.HeaderWebhookSignature); got != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
			t.Errorf("the signature is %s", got)
		}
		if err := signer.Verify(body, h); err != nil {
			t.Errorf("as it was signed: %v", err)
		}
		if change == 0 {
			return
		}
		body, h = changed(body, h, int(at), change)
		if signer.Verify(body, h) == nil {
			t.Errorf("verified with byte %d changed by %#x: %q %v", at, change, body, h)
		}
	})
}

// changed returns a message with one byte changed: the one at a place of its body, id, time and signature in a row.
func changed(body []byte, h http.Header, at int, change byte) ([]byte, http.Header) {
	names := []string{standardwebhooks.HeaderWebhookID, standardwebhooks.HeaderWebhookTimestamp, standardwebhooks.HeaderWebhookSignature}
	parts := [][]byte{bytes.Clone(body)}
	for _, name := range names {
		parts = append(parts, []byte(h.Get(name)))
	}
	at %= len(bytes.Join(parts, nil))
	for i := range parts {
		if at >= 0 && at < len(parts[i]) {
			parts[i][at] ^= change
		}
		at -= len(parts[i])
	}
	h = h.Clone()
	for i, name := range names {
		h.Set(name, string(parts[i+1]))
	}
	return parts[0], h
}
