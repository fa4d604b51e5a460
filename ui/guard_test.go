package ui

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"processmanager/assets"
)

const token = "the-token"

func serve(t *testing.T, m *memory) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(New(Options{Store: m, Book: m, Token: token, Status: m.status}).Handler())
	t.Cleanup(srv.Close)
	return srv
}

// ask sends one request; headers are "Name: value", and Host sets the host.
func ask(t *testing.T, srv *httptest.Server, method, address string, headers ...string) (*http.Response, string) {
	t.Helper()
	r, err := http.NewRequest(method, srv.URL+address, strings.NewReader(""))
	check(t, err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		if name == "Host" {
			r.Host = strings.ReplaceAll(value, "PORT", r.URL.Port())
			continue
		}
		r.Header.Set(name, value)
	}
	answer, err := srv.Client().Do(r)
	check(t, err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	check(t, err)
	return answer, string(body)
}

func TestOnlyThisMachinesOwnNamesAreAnswered(t *testing.T) {
	srv := serve(t, remember(1))
	cookie := signIn(t, srv)
	for host, want := range map[string]int{
		"127.0.0.1:PORT":         200,
		"localhost:PORT":         200,
		"LOCALHOST:PORT":         200,
		"[::1]:PORT":             200,
		"127.0.0.1":              421,
		"127.0.0.1:1":            421,
		"localhost":              421,
		"rebound.example:PORT":   421,
		"rebound.example":        421,
		"localhost.example:PORT": 421,
		"127.0.0.1.example:PORT": 421,
		"127.0.0.2:PORT":         421,
		"0.0.0.0:PORT":           421,
		"[::]:PORT":              421,
	} {
		for _, address := range []string{"/", "/api/v1/status", assets.Path("app.css")} {
			answer, body := ask(t, srv, "GET", address, "Host: "+host, "Authorization: Bearer "+token, cookie)
			if answer.StatusCode != want {
				t.Errorf("%s as %s = %d %s, want %d", address, host, answer.StatusCode, body, want)
			}
		}
	}
}

func TestNothingIsToldWithoutTheToken(t *testing.T) {
	srv := serve(t, remember(1))
	for _, address := range []string{
		"/api/v1/status", "/api/v1/notifications", "/api/v1/notifications/1-AAAAAAAA", "/api/v1/search?text=A",
		"/api/v1/rejections", "/api/v1/export", "/api/v1/backup", "/api/v1/", "/api/", "/api/v2/status",
	} {
		for _, header := range []string{
			"X: ", "Authorization: ", "Authorization: Bearer", "Authorization: Bearer ", "Authorization: Bearer the-toke",
			"Authorization: Bearer the-token2", "Authorization: Basic dGhlLXRva2Vu",
			"Authorization: Basic " + token, "Cookie: token=" + token, "Authorization: " + token,
		} {
			method := "GET"
			if strings.HasSuffix(address, "backup") {
				method = "POST"
			}
			answer, body := ask(t, srv, method, address, header)
			if answer.StatusCode != 401 || answer.Header.Get("WWW-Authenticate") == "" || strings.Contains(body, "A000001") {
				t.Errorf("%s with %q = %d %s", address, header, answer.StatusCode, body)
			}
		}
	}
	if answer, _ := ask(t, srv, "GET", "/api/v1/status", "Authorization: bearer "+token); answer.StatusCode != 200 {
		t.Errorf("the scheme in lower case = %d", answer.StatusCode)
	}
}

func TestAWebPageCannotOrderABackup(t *testing.T) {
	srv := serve(t, remember(0))
	for _, headers := range [][]string{
		{"Origin: https://evil.example"},
		{"Origin: null"},
		{"Origin: http://127.0.0.1:1"},
		{"Sec-Fetch-Site: cross-site"},
		{"Sec-Fetch-Site: same-site"},
	} {
		answer, _ := ask(t, srv, "POST", "/api/v1/backup", append(headers, "Authorization: Bearer "+token)...)
		if answer.StatusCode != 403 {
			t.Errorf("%v = %d, want 403", headers, answer.StatusCode)
		}
	}
}

func TestOtherMethodsAreRefusedWithTheOnesAllowed(t *testing.T) {
	srv := serve(t, remember(1))
	for _, tt := range []struct{ method, address, allow string }{
		{"POST", "/", "GET, HEAD"},
		{"DELETE", "/", "GET, HEAD"},
		{"POST", assets.Path("app.css"), "GET, HEAD"},
		{"POST", "/api/v1/status", "GET, HEAD"},
		{"PUT", "/api/v1/notifications", "GET, HEAD"},
		{"DELETE", "/api/v1/notifications/1-AAAAAAAA", "GET, HEAD"},
		{"POST", "/api/v1/search", "GET, HEAD"},
		{"POST", "/api/v1/rejections", "GET, HEAD"},
		{"POST", "/api/v1/export", "GET"},
		{"GET", "/api/v1/backup", "POST"},
		{"HEAD", "/api/v1/backup", "POST"},
	} {
		answer, _ := ask(t, srv, tt.method, tt.address, "Authorization: Bearer "+token)
		if answer.StatusCode != 405 || answer.Header.Get("Allow") != tt.allow {
			t.Errorf("%s %s = %d, Allow %q; want 405, %q", tt.method, tt.address, answer.StatusCode, answer.Header.Get("Allow"), tt.allow)
		}
	}
}

func TestEveryAnswerCarriesTheHeadersThatKeepItHarmless(t *testing.T) {
	srv := serve(t, remember(1))
	for _, address := range []string{"/", "/api/v1/status", "/api/v1/nowhere", "/nowhere", "/api/v1/notifications/x"} {
		answer, _ := ask(t, srv, "GET", address, "Authorization: Bearer "+token)
		for name, want := range map[string]string{
			"Content-Security-Policy":    "default-src 'none'",
			"X-Content-Type-Options":     "nosniff",
			"Referrer-Policy":            "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin",
			"Cache-Control":              "no-store",
		} {
			if got := answer.Header.Get(name); !strings.HasPrefix(got, want) {
				t.Errorf("%s of %s = %q, want %q", name, address, got, want)
			}
		}
		if csp := answer.Header.Get("Content-Security-Policy"); strings.Contains(csp, "unsafe") || !strings.Contains(csp, "frame-ancestors 'none'") {
			t.Errorf("policy of %s = %q", address, csp)
		}
	}
}

func TestWithoutASessionThePageSaysItRunsAndHowToGetIn(t *testing.T) {
	srv := serve(t, remember(3))
	answer, body := ask(t, srv, "GET", "/")
	if answer.StatusCode != 401 || !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
		t.Fatalf("GET / = %d %s", answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	for _, want := range []string{"It is running.", "ppm open", "ppm status", assets.Path("app.css")} {
		if !strings.Contains(body, want) {
			t.Errorf("the page doesn't say %q", want)
		}
	}
	if strings.Contains(body, "A00000") || strings.Contains(body, "1.2.3") {
		t.Error("the page tells data")
	}
	if bad := inline.FindString(body); bad != "" {
		t.Errorf("the page contains %q", bad)
	}
	if answer, _ := ask(t, srv, "GET", "/nowhere"); answer.StatusCode != 404 {
		t.Errorf("GET /nowhere = %d", answer.StatusCode)
	}
}
