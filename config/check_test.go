package config

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestWhatValuesAreAccepted(t *testing.T) {
	root := filepath.VolumeName(t.TempDir()) // a path without a drive is not absolute on Windows
	const files = "receiver.tls.mode=files receiver.tls.cert=ROOT/c.pem receiver.tls.key=ROOT/k.pem"
	const autocert = "receiver.tls.mode=autocert receiver.tls.domain=ppm.example.com"
	const api = "clearmatch.token_url=https://sso.example/token clearmatch.client_id=a clearmatch.client_secret=b clearmatch.api_base="
	for _, tt := range []struct {
		settings string // separated by blanks
		fault    string // the key that is refused, or ""
	}{
		{"receiver.listen=:443", ""},
		{"receiver.listen=127.0.0.1:0", ""},
		{"receiver.listen=[::1]:8443", ""},
		{"receiver.listen=office-pc:8443", ""},
		{"receiver.listen=8443", "receiver.listen"},
		{"receiver.listen=127.0.0.1", "receiver.listen"},
		{"receiver.listen=127.0.0.1:", "receiver.listen"},
		{"receiver.listen=127.0.0.1:65536", "receiver.listen"},
		{"receiver.listen=127.0.0.1:-1", "receiver.listen"},
		{"receiver.listen=127.0.0.1:https", "receiver.listen"},
		{"receiver.listen=https://a:443", "receiver.listen"},
		{"receiver.listen=", "receiver.listen"},

		{"receiver.path=/", ""},
		{"receiver.path=/a/b-c/", ""},
		{"receiver.path=notifications", "receiver.path"},
		{"receiver.path=", "receiver.path"},
		{"receiver.path=/a?b", "receiver.path"},
		{"receiver.path=/a#b", "receiver.path"},
		{"receiver.path=/{a}", "receiver.path"},
		{"receiver.path=/a//b", "receiver.path"},
		{"receiver.path=/a/../b", "receiver.path"},
		{"receiver.path=/a%20b", "receiver.path"},

		{"receiver.username=", "receiver.username"},
		{"receiver.username=a:b", "receiver.username"},
		{"receiver.username=a\n", "receiver.username"},
		{"receiver.username=Müller", ""},
		{"receiver.password=$argon2id$v=19$m=65536,t=3,p=1$c2FsdA$aGFzaA", ""},
		{"receiver.password=a\n", "receiver.password"},
		{"receiver.previous_password=a\r", "receiver.previous_password"},
		{"receiver.max_connections=0", "receiver.max_connections"},
		{"receiver.max_connections=65536", "receiver.max_connections"},
		{"receiver.max_connections_per_address=-1", "receiver.max_connections_per_address"},

		{"receiver.tls.mode=proxy", ""},
		{"receiver.tls.mode=proxy receiver.listen=localhost:80", ""},
		{"receiver.tls.mode=proxy receiver.listen=[::1]:80", ""},
		{"receiver.tls.mode=proxy receiver.listen=:80", "receiver.listen"},
		{"receiver.tls.mode=proxy receiver.listen=192.168.1.2:80", "receiver.listen"},
		{autocert, ""},
		{autocert + " receiver.tls.domain=", "receiver.tls.domain"},
		{autocert + " receiver.tls.domain=localhost", "receiver.tls.domain"},
		{autocert + " receiver.tls.domain=192.0.2.7", "receiver.tls.domain"},
		{autocert + " receiver.tls.ca_directory=", "receiver.tls.ca_directory"},
		{autocert + " receiver.tls.ca_directory=http://127.0.0.1:14000/dir", ""},
		{"receiver.tls.ca_directory=http://ca.example/dir", "receiver.tls.ca_directory"},
		{"receiver.tls.ca_root=root.pem", "receiver.tls.ca_root"},
		{"receiver.tls.ca_root=ROOT/root.pem", ""},
		{"receiver.tls.http_listen=:80", ""},
		{"receiver.tls.http_listen=80", "receiver.tls.http_listen"},
		{"receiver.tls.http_listen=:0", "receiver.tls.http_listen"},
		{"receiver.tls.mode=none", "receiver.tls.mode"},
		{"receiver.tls.mode=", "receiver.tls.mode"},
		{files, ""},
		{files + " receiver.tls.key=", "receiver.tls.key"},
		{files + " receiver.tls.cert=", "receiver.tls.cert"},
		{files + " receiver.tls.cert=c.pem", "receiver.tls.cert"},
		{files + " receiver.tls.key=k.pem", "receiver.tls.key"},
		{files + " receiver.tls.cert=ROOT/c.PFX", ""}, // which holds its key; the other is not looked at
		{files + " receiver.tls.cert=ROOT/c.p12 receiver.tls.key=", ""},
		{"receiver.tls.domain=ppm.example.com", ""},
		{"receiver.tls.domain=https://ppm.example.com", "receiver.tls.domain"},
		{"receiver.tls.domain=ppm.example.com:443", "receiver.tls.domain"},

		{"dashboard.listen=[::1]:0", ""},
		{"dashboard.listen=127.9.9.9:1", ""},
		{"dashboard.listen=:8484", "dashboard.listen"},
		{"dashboard.listen=10.0.0.1:8484", "dashboard.listen"},
		{"dashboard.listen=office-pc:8484", "dashboard.listen"},
		{"dashboard.listen=8484", "dashboard.listen"},
		{"dashboard.listen=127.0.0.1:8443", "dashboard.listen"},
		{"receiver.listen=0.0.0.0:8484", "dashboard.listen"},
		{"receiver.listen=10.0.0.1:8484", ""},
		{"receiver.listen=127.0.0.1:0 dashboard.listen=127.0.0.1:0", ""},

		{api + "https://api.example/v1", ""},
		{api + "http://127.0.0.1:8080/v1", ""},
		{api + "https://api.example/v1 clearmatch.token_url=", "clearmatch.token_url"},
		{api + "https://api.example/v1 clearmatch.client_id=", "clearmatch.client_id"},
		{api + "https://api.example/v1 clearmatch.client_secret=", "clearmatch.client_secret"},
		{api + "http://api.example/v1", "clearmatch.api_base"},
		{api + "api.example/v1", "clearmatch.api_base"},
		{api + "ftp://api.example/v1", "clearmatch.api_base"},
		{api + "https://", "clearmatch.api_base"},
		{"retention.bodies_days=0", ""},
		{"retention.bodies_days=-1", "retention.bodies_days"},
		{"retention.dead_letters_days=36501", "retention.dead_letters_days"},
		{"clearmatch.token_url=https://u:p@sso.example", "clearmatch.token_url"},
		{"clearmatch.token_url=https://sso.example/#a", "clearmatch.token_url"},

		{"store.url=postgres://db/ppm", "store.url"},
		{"store.url=mysql://db/ppm", "store.url"},
	} {
		c := Default()
		for _, s := range strings.Split(strings.ReplaceAll(tt.settings, "ROOT", root), " ") {
			key, value, _ := strings.Cut(s, "=")
			f, ok := c.field(key)
			if !ok {
				t.Fatalf("no such setting: %s", key)
			}
			v, wrong := f.parse(value)
			if wrong != nil {
				t.Fatal(wrong)
			}
			f.mustSet(v)
		}
		faults := c.check()
		switch {
		case tt.fault == "" && len(faults) > 0:
			t.Errorf("%s is refused: %v", tt.settings, faults)
		case tt.fault != "" && (len(faults) != 1 || faults[0].Key != tt.fault):
			t.Errorf("%s: faults %v; want one of %s", tt.settings, faults, tt.fault)
		}
		for _, f := range faults {
			if f.Remedy == "" {
				t.Errorf("%v does not say what to write instead", f)
			}
		}
	}
}

func TestWhatThisVersionDoesNotHaveIsSaidSo(t *testing.T) {
	if _, faults := read("c", "[store]\nurl = 'postgres://db/ppm'", nil); !strings.Contains(faults.Error(), "not in this version") {
		t.Error(faults)
	}
}
