package clearmatch_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"testing"

	"processmanager/clearmatch"
)

// hostileAddresses returns addresses that must never be asked for with our token.
func hostileAddresses(t *testing.T) (list []string) {
	t.Helper()
	text, err := os.ReadFile("testdata/hostile-addresses.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		address, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		list = append(list, address)
	}
	return list
}

func TestTokenGoesToTheConfiguredOriginAlone(t *testing.T) {
	p := newPlatform(t)
	var stolen []string
	thief := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		stolen = append(stolen, r.URL.String()+" "+r.Header.Get("Authorization"))
	}))
	defer thief.Close()
	a := open(t, p.settings())
	u, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	fill := strings.NewReplacer("HOST", u.Hostname(), "PORT", u.Port(), "THIEF", strings.TrimPrefix(thief.URL, "http://"))
	hostile := hostileAddresses(t)
	if len(hostile) < 60 {
		t.Errorf("%d hostile addresses, 60 are promised", len(hostile))
	}
	for _, h := range hostile {
		address := fill.Replace(h)
		_, err := a.Fetch(t.Context(), address)
		if err == nil || !isPermanent(err) {
			t.Errorf("%q: %v", address, err)
		}
	}
	if p.issued.Load() != 0 || p.asked.Load() != 0 || len(stolen) != 0 || len(p.strange) != 0 {
		t.Errorf("%d tokens were got, %d applications asked for, strangers got %q, %q", p.issued.Load(), p.asked.Load(), stolen, p.strange)
	}
}

func TestAddressesBelowTheOriginAreFetched(t *testing.T) {
	p := newPlatform(t)
	a := open(t, p.settings())
	for _, ok := range []string{
		p.URL + "/v1/UnsecuredLoans/application/A056035", strings.ToUpper(p.URL[:8]) + p.URL[8:] + "/v1/A1", p.URL + "/v1/A1/", p.URL + "/v1/A1?fields=all",
	} {
		if _, err := a.Fetch(t.Context(), ok); err != nil {
			t.Errorf("%s: %v", ok, err)
		}
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	p := newPlatform(t)
	var stolen []string
	thief := httptest.NewTLSServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { stolen = append(stolen, r.URL.String()) }))
	defer thief.Close()
	a := open(t, p.settings())
	for _, to := range []string{thief.URL + "/v1/A1", "/elsewhere", p.URL + "/v1/other", "//" + strings.TrimPrefix(thief.URL, "https://") + "/"} {
		for _, status := range []int{301, 302, 303, 307, 308} {
			p.answer = func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", to)
				w.WriteHeader(status)
			}
			asked := p.asked.Load()
			if _, err := a.Fetch(t.Context(), p.URL+"/v1/A1"); err == nil || p.asked.Load() != asked+1 {
				t.Errorf("%d to %s: %v, asked %d times", status, to, err, p.asked.Load()-asked)
			}
		}
	}
	if len(stolen) != 0 || len(p.strange) != 0 {
		t.Errorf("followed to %q, %q", stolen, p.strange)
	}
}

// A name that leads into the office's own network has been forged; the
// connection is refused before anything is sent.
func TestNamesThatLeadInwardAreNotFollowed(t *testing.T) {
	p := newPlatform(t)
	port := p.URL[strings.LastIndexByte(p.URL, ':'):]
	for _, to := range []string{
		"127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "192.0.2.1", "224.0.0.1", "255.255.255.255", "198.18.0.1", "240.0.0.1",
		"::1", "::", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:1::1", "2001:db8::1",
	} {
		s := p.settings()
		s.Resolver = resolverOf(t, netip.MustParseAddr(to))
		s.Base, s.TokenURL = "https://api.clearmatch.test"+port+"/v1", "https://sso.clearmatch.test"+port+"/sso/token"
		_, err := open(t, s).Fetch(t.Context(), s.Base+"/A1")
		if err == nil || !strings.Contains(err.Error(), "leads into this machine or its network") || isPermanent(err) {
			t.Errorf("a name that leads to %s: %v", to, err)
		}
	}
	if p.issued.Load() != 0 || p.asked.Load() != 0 {
		t.Error("a request got through")
	}
}

// resolverOf returns a resolver that asks a DNS server of this test, which
// answers every question for an address with a.
func resolverOf(t *testing.T, a netip.Addr) *net.Resolver {
	t.Helper()
	server, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	t.Cleanup(func() { server.Close(); <-done })
	go func() {
		defer close(done)
		question := make([]byte, 512)
		for {
			n, from, err := server.ReadFrom(question)
			if err != nil {
				return
			}
			server.WriteTo(dnsAnswer(question[:n], a), from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(_ context.Context, _, _ string) (net.Conn, error) {
		return net.Dial("udp", server.LocalAddr().String())
	}}
}

// dnsAnswer answers a question with one name (RFC 1035, 4.1).
func dnsAnswer(question []byte, a netip.Addr) []byte {
	end := 12
	for question[end] != 0 {
		end += int(question[end]) + 1
	}
	end += 5 // the root, type and class
	wanted := binary.BigEndian.Uint16(question[end-4:])
	answer := append([]byte{}, question[:end]...)
	answer[2], answer[3] = 0x81, 0x80
	clear(answer[6:12])
	if a.Is4() && wanted == 1 || a.Is6() && wanted == 28 {
		answer[7] = 1
		raw := a.AsSlice()
		answer = append(answer, 0xc0, 12, 0, byte(wanted), 0, 1, 0, 0, 0, 1, 0, byte(len(raw)))
		answer = append(answer, raw...)
	}
	return answer
}

func TestAddressesOfAnAPIAreChecked(t *testing.T) {
	for _, bad := range []string{"", "api.example", "ftp://api.example", "https://", "https://u@api.example", "https://api.example/?x", "https://api.example/#x", "::"} {
		if _, err := clearmatch.NewAPI(clearmatch.APISettings{Base: bad, TokenURL: "https://sso.example/token"}); err == nil {
			t.Errorf("base %q was taken", bad)
		}
	}
	if _, err := clearmatch.NewAPI(clearmatch.APISettings{Base: "https://api.example", TokenURL: ""}); err == nil {
		t.Error("no token URL was taken")
	}
}
