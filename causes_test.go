package main

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"processmanager/client"
	"processmanager/ppm"
	"processmanager/ui"
)

// What clients' errors say, and what the dashboard makes of it, are in two
// packages that don't know each other. Real failures hold them together.
func TestTheDashboardKnowsTheCausesThatClientsTellOf(t *testing.T) {
	answers := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		status, err := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if err != nil {
			c, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				c.Close()
			}
			return
		}
		if status == 302 {
			w.Header().Set("Location", "/elsewhere")
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(answers.Close)
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	secure.Config.ErrorLog = nil
	t.Cleanup(secure.Close)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	nobody := "http://" + ln.Addr().String()
	check(t, ln.Close())
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "file"), nil, 0o600))

	web := func(url string, more ...string) ppm.Client {
		settings := map[string]string{"url": url}
		for i := 0; i < len(more); i += 2 {
			settings[more[i]] = more[i+1]
		}
		raw, err := json.Marshal(settings)
		check(t, err)
		return ppm.Client{Name: "crm", Kind: ppm.WebAddress, Settings: raw, Secrets: map[string]string{"password": "p", "token": "t"}, Backoff: ppm.DefaultBackoff, Concurrency: 1}
	}
	other := func(kind ppm.Kind, key, value string) ppm.Client {
		raw, err := json.Marshal(map[string]string{key: value})
		check(t, err)
		return ppm.Client{Name: "crm", Kind: kind, Settings: raw, Backoff: ppm.DefaultBackoff, Concurrency: 1}
	}
	for want, c := range map[string]ppm.Client{
		"password":       web(answers.URL+"/401", "auth", "basic", "user", "u"),
		"token":          web(answers.URL+"/401", "auth", "bearer"),
		"forbidden":      web(answers.URL + "/403"),
		"nothing-there":  web(answers.URL + "/404"),
		"gone":           web(answers.URL + "/410"),
		"moved":          web(answers.URL + "/302"),
		"not-understood": web(answers.URL + "/422"),
		"too-many":       web(answers.URL + "/429"),
		"broken":         web(answers.URL + "/503"),
		"hung-up":        web(answers.URL + "/hang-up"),
		"refused":        web(nobody),
		"certificate":    web(secure.URL),
		"tls":            web(strings.Replace(answers.URL, "http:", "https:", 1)),
		"no-folder":      other(ppm.Folder, "path", filepath.Join(dir, "missing")),
		"no-program":     other(ppm.Program, "path", filepath.Join(dir, "missing.exe")),
	} {
		if want != "token" && want != "password" {
			c.Secrets = nil
		} else {
			for name := range c.Secrets {
				if (name == "token") != (want == "token") {
					delete(c.Secrets, name)
				}
			}
		}
		way, err := client.Open(c, client.Options{})
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		d := ppm.DeliveryName{Receipt: "1-AAAAAAAA", Client: 1}
		_, err = way.Deliver(t.Context(), ppm.Parcel{Delivery: ppm.Delivery{DeliveryName: d}, Key: d.Key(), Body: []byte(`{"id":"A1"}`)})
		check(t, way.Close())
		if err == nil {
			t.Errorf("%s: it was delivered", want)
		} else if got := ui.CauseKey(err.Error()); got != want {
			t.Errorf("%q is taken for %q, want %q", err, got, want)
		}
	}
}
