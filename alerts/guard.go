package alerts

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"syscall"

	"code.dny.dev/ssrf"
)

// The ports that a webhook may go to.
const (
	portHTTPS    = 443
	portHTTPSAlt = 8443
)

// wireServer is Azure's host agent, which answers any guest; the IANA registries do not list it as special.
var wireServer = netip.MustParsePrefix("168.63.129.16/32")

// guard decides about an address that a webhook's connection is about to go to: a net.Dialer's Control.
type guard func(network, address string, conn syscall.RawConn) error

// newGuard returns the guard for a webhook. It sees the numeric address before each connect, after the name was
// resolved, so that neither a notation nor a resolver that changes its answer leads into the operator's own network.
// Where the URL has no TLS, nothing but this machine is permitted, and that only if the config allows it.
func newGuard(w *WebhookConfig) guard {
	public := ssrf.New(ssrf.WithPorts(portHTTPS, portHTTPSAlt), ssrf.WithDeniedV4Prefixes(wireServer))
	u, err := url.Parse(w.URL)
	plain := err != nil || u.Scheme != "https"
	return func(network, address string, conn syscall.RawConn) error {
		at, err := netip.ParseAddrPort(address)
		switch {
		case err == nil && w.AllowLoopback && at.Addr().IsLoopback():
			return nil
		case plain:
			return fmt.Errorf("plain HTTP to %s: %w", address, ssrf.ErrProhibitedIP)
		case err == nil && tunnelled(at.Addr()):
			return fmt.Errorf("a tunnel of ISATAP to %s: %w", address, ssrf.ErrProhibitedIP)
		}
		return public.Safe(network, address, conn)
	}
}

// tunnelled tells whether an address is one of ISATAP (RFC 5214), which may lead to any IPv4 address under any prefix.
func tunnelled(a netip.Addr) bool {
	b := a.As16()
	return a.Is6() && b[8]&^2 == 0 && b[9] == 0 && b[10] == 0x5e && b[11] == 0xfe
}

// checkURL tells what is wrong with a webhook's address as it is written.
func checkURL(w *WebhookConfig) error {
	u, err := url.Parse(w.URL)
	if err == nil { // as the dialler will read it, which takes less than url.Parse: "host]"
		_, _, err = net.SplitHostPort(net.JoinHostPort(u.Hostname(), "443"))
	}
	switch {
	case err != nil:
		return errors.New("is no URL; write https://host/path")
	case u.Scheme != "https" && (u.Scheme != "http" || !w.AllowLoopback):
		return errors.New("must begin with https://")
	case u.Hostname() == "":
		return errors.New("has no host; write https://host/path")
	case u.User != nil:
		return errors.New("has a user or password; webhooks are signed instead")
	case u.Fragment != "":
		return errors.New("has a fragment (#…), which is never sent")
	case !w.AllowLoopback && !slices.Contains([]string{"", "443", "8443"}, u.Port()):
		return fmt.Errorf("has port %s; webhooks go to 443 or 8443", u.Port())
	}
	return nil
}
