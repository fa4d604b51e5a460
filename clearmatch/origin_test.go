package clearmatch_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"processmanager/clearmatch"
)

// hostile are addresses that must never be asked for with our token. HOST and
// PORT are those of the API, THIEF an address that is listened on.
var hostile = []string{
	"https://THIEF/v1/A1", "http://THIEF/v1/A1", "HTTPS://THIEF/v1/A1", "//THIEF/v1/A1", "https:THIEF/v1/A1", "https:/THIEF/v1/A1", "https:///THIEF/v1/A1",
	"http://HOST:PORT/v1/A1", "ftp://HOST:PORT/v1/A1", "file:///etc/passwd", "file://HOST:PORT/v1/A1", "gopher://HOST:PORT/v1/A1", "data:text/plain,hello",
	"javascript:alert(1)", "ws://HOST:PORT/v1/A1", "wss://HOST:PORT/v1/A1", "jar:https://HOST:PORT/v1/A1", "blob:https://HOST:PORT/v1/A1",
	"https://HOST:PORT@THIEF/v1/A1", "https://user@HOST:PORT/v1/A1", "https://user:pw@HOST:PORT/v1/A1", "https://@HOST:PORT/v1/A1", "https://THIEF#@HOST:PORT/v1/A1",
	`https://THIEF\@HOST:PORT/v1/A1`, `https:\\HOST:PORT\v1\A1`, `https://HOST:PORT\@THIEF/v1/A1`, "https://THIEF?@HOST:PORT/v1/A1", "https://THIEF%23@HOST:PORT/v1/A1",
	"https://HOST:PORT.THIEF/v1/A1", "https://HOST.:PORT/v1/A1", "https://xHOST:PORT/v1/A1", "https://HOST:1/v1/A1", "https://HOST/v1/A1", "https://HOST:/v1/A1", "https://HOST:PORT0/v1/A1",
	"https://HOST:+PORT/v1/A1", "https://HOST: PORT/v1/A1", "https://2130706433:PORT/v1/A1", "https://0x7f000001:PORT/v1/A1", "https://0177.0.0.1:PORT/v1/A1", "https://127.1:PORT/v1/A1",
	"https://[::ffff:127.0.0.1]:PORT/v1/A1", "https://[::1]:PORT/v1/A1", "https://localhost:PORT/v1/A1", "https://0.0.0.0:PORT/v1/A1", "https://①②⑦.0.0.1:PORT/v1/A1", "https://127。0。0。1:PORT/v1/A1",
	"https://169.254.169.254/latest/meta-data/", "https://metadata.google.internal/computeMetadata/v1/", "https://[fe80::1%25eth0]:PORT/v1/A1",
	"https://HOST:PORT/", "https://HOST:PORT", "https://HOST:PORT/v1", "https://HOST:PORT/v10/A1", "https://HOST:PORT/v1x/A1", "https://HOST:PORT/V1/A1", "https://HOST:PORT/admin",
	"https://HOST:PORT/v1/../admin", "https://HOST:PORT/v1/..", "https://HOST:PORT/v1/./A1", "https://HOST:PORT/v1//A1", "https://HOST:PORT//v1/A1", "https://HOST:PORT/v1/a/../../admin",
	"https://HOST:PORT/v1/%2e%2e/admin", "https://HOST:PORT/v1/%2E%2E%2Fadmin", "https://HOST:PORT/v1/..%2fadmin", "https://HOST:PORT/v1/%252e%252e/admin", `https://HOST:PORT/v1/..\admin`, "https://HOST:PORT/v1/..%5cadmin",
	"https://HOST:PORT/v1/..;/admin", "https://HOST:PORT/v1/A1;x=y", "https://HOST:PORT/%76%31/A1", "https://HOST:PORT/v1/A1%00", "https://HOST:PORT/v1/A1%0d%0aX-Evil:%201",
	"https://HOST:PORT/v1/A1\r\nX-Evil: 1", "https://HOST:PORT/v1/A1\x00", "https://HOST:PORT/v1/A 1", "https://HOST:PORT/v1/A1\t", "https://HOST:PORT/v1/Ä1", "https://HOST:PORT/v1/\u202e1A",
	"https://HOST:PORT/v1/A1#fragment", "https://HOST:PORT/v1/A1#", "/v1/A1", "v1/A1", "A056035", "", " ", "https://", "https://:PORT/v1/A1", "%", "https://HOST:PORT/v1/A1%", "https://HO ST:PORT/v1/A1",
	" https://HOST:PORT/v1/A1", "https://HOST:PORT/v1/" + "../" + "../etc/passwd",
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
