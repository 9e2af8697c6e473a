package alerts

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
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

// guard decides about each address that a webhook's connection is about to go to, after the name was resolved, so
// that neither a notation nor a resolver that changes its answer leads into the operator's own network.
type guard struct {
	public   *ssrf.Guardian
	loopback bool // addresses of this machine are permitted
	plain    bool // the URL has no TLS: nothing but this machine is permitted
}

// newGuard returns the guard for a webhook.
func newGuard(w *WebhookConfig) *guard {
	return &guard{
		public:   ssrf.New(ssrf.WithPorts(portHTTPS, portHTTPSAlt), ssrf.WithDeniedV4Prefixes(wireServer)),
		loopback: w.AllowLoopback,
		plain:    !isHTTPS(w.URL),
	}
}

// control is a net.Dialer's Control: it runs before each connect with the numeric address.
func (g *guard) control(network, address string, conn syscall.RawConn) error {
	if at, err := netip.ParseAddrPort(address); err == nil && g.loopback && at.Addr().IsLoopback() {
		return nil
	}
	if g.plain {
		return fmt.Errorf("plain HTTP to %s: %w", address, ssrf.ErrProhibitedIP)
	}
	return g.public.Safe(network, address, conn)
}

// isHTTPS tells whether the address is one of TLS.
func isHTTPS(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Scheme == "https"
}

// checkURL tells what is wrong with a webhook's address as it is written.
func checkURL(w *WebhookConfig) error {
	u, err := url.Parse(w.URL)
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
	}
	if port := u.Port(); !w.AllowLoopback && port != "" && port != "443" && port != "8443" {
		return fmt.Errorf("has port %s; webhooks go to 443 or 8443", port)
	}
	return nil
}
