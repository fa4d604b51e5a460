package clearmatch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"time"
)

// outgoing returns the client that everything is asked with. It follows no
// redirect, since Go keeps the Authorization header across ports of one host,
// and goes through no proxy, whose name the environment could set.
func outgoing(s APISettings) *http.Client {
	d := &dialer{net.Dialer{Timeout: 10 * time.Second, Resolver: s.Resolver}}
	return &http.Client{
		Transport: &http.Transport{
			DialContext:            d.dial,
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: s.Roots},
			TLSHandshakeTimeout:    10 * time.Second,
			ResponseHeaderTimeout:  fetchTimeout,
			MaxIdleConnsPerHost:    4,
			IdleConnTimeout:        90 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
			ForceAttemptHTTP2:      true,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       fetchTimeout,
	}
}

// A dialer connects to what a name stands for, but not into this machine or
// this office's network: a name that suddenly leads there has been forged
// (DNS rebinding). Who means such a place writes its number in the settings, or localhost.
type dialer struct{ net.Dialer }

var errInward = errors.New("its name leads into this machine or its network, where Clearmatch is not; check clearmatch.api_base, clearmatch.token_url and the DNS of this machine")

func (d *dialer) dial(ctx context.Context, network, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return d.DialContext(ctx, network, address)
	}
	resolver := d.Resolver
	if resolver == nil {
		resolver = net.DefaultResolver
	}
	found, err := resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, err
	}
	// The address that was looked at is the one that is dialled.
	var errs []error
	for _, a := range found {
		if a = a.Unmap(); inward(a) {
			errs = append(errs, fmt.Errorf("%s is %s: %w", host, a, errInward))
			continue
		}
		c, err := d.DialContext(ctx, network, net.JoinHostPort(a.String(), port))
		if err == nil {
			return c, nil
		}
		errs = append(errs, err)
	}
	return nil, errors.Join(errs...)
}

// notPublic are ranges that netip does not know by a name: RFC 6598, 2544, 6890,
// 3849, 5737, 6052 and 8215 (which lead to IPv4), 2002::/16 (6to4), 2001::/32 (Teredo).
var notPublic = func() (list []netip.Prefix) {
	for _, p := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/32", "2001:db8::/32", "2002::/16", "fec0::/10"} {
		list = append(list, netip.MustParsePrefix(p))
	}
	return list
}()

func inward(a netip.Addr) bool {
	if !a.IsGlobalUnicast() || a.IsPrivate() || a.Zone() != "" {
		return true
	}
	for _, p := range notPublic {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
