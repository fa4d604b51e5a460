package ui

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"processmanager/ppm"
)

// signIn comes in by a one-time link and returns the cookie as a header.
func signIn(t *testing.T, srv *httptest.Server) string {
	t.Helper()
	return "Cookie: " + cookieFrom(t, post(t, srv, "/open", url.Values{"code": {invite(t, srv)}}))
}

// invite asks for a one-time link, as ppm open does, and returns its code.
func invite(t *testing.T, srv *httptest.Server) string {
	t.Helper()
	answer, body := ask(t, srv, "POST", "/api/v1/open?by=maria", "Authorization: Bearer "+token)
	var o Opening
	if err := json.Unmarshal([]byte(body), &o); err != nil || answer.StatusCode != 200 {
		t.Fatalf("open = %d %s", answer.StatusCode, body)
	}
	u, err := url.Parse(o.Link)
	check(t, err)
	return u.Query().Get("code")
}

func cookieFrom(t *testing.T, answer *http.Response) string {
	t.Helper()
	cookies := answer.Cookies()
	if answer.StatusCode != 303 || len(cookies) != 1 {
		t.Fatalf("coming in = %d with %v", answer.StatusCode, cookies)
	}
	return cookies[0].Name + "=" + cookies[0].Value
}

// post sends a form and does not follow where the answer leads.
func post(t *testing.T, srv *httptest.Server, address string, form url.Values, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequest("POST", srv.URL+address, strings.NewReader(form.Encode()))
	check(t, err)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		r.Header.Set(name, value)
	}
	client := *srv.Client()
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := client.Do(r)
	check(t, err)
	answer.Body.Close()
	return answer
}

func TestALinkLetsOneBrowserInOnce(t *testing.T) {
	srv := serve(t, remember(3))
	code := invite(t, srv)
	for range 3 { // whatever looks at links before people do
		if _, page := ask(t, srv, "GET", "/open?code="+code); !strings.Contains(page, "Open the dashboard") {
			t.Fatalf("the link leads to %s", page)
		}
	}
	answer := post(t, srv, "/open", url.Values{"code": {code}})
	c := answer.Cookies()[0]
	if !c.HttpOnly || c.SameSite != http.SameSiteStrictMode || c.Path != "/" || c.Domain != "" || c.MaxAge != 0 {
		t.Errorf("cookie = %+v", c)
	}
	cookie := "Cookie: " + cookieFrom(t, answer)
	if answer, page := ask(t, srv, "GET", "/", cookie); answer.StatusCode != 200 || !strings.Contains(page, "Everything is working.") {
		t.Errorf("home with the cookie = %d %s", answer.StatusCode, page)
	}
	if answer := post(t, srv, "/open", url.Values{"code": {code}}); answer.StatusCode != 403 || len(answer.Cookies()) != 0 {
		t.Errorf("the same link again = %d %v", answer.StatusCode, answer.Cookies())
	}
	post(t, srv, "/leave", nil, cookie)
	if _, page := ask(t, srv, "GET", "/", cookie); strings.Contains(page, "Everything is working.") {
		t.Error("signing out leaves the cookie good")
	}
}

func TestLinksAndSessionsEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sessions
		late := s.invite("maria")
		time.Sleep(codeTime + time.Second)
		if _, ok := s.enter(late); ok {
			t.Error("a link is good after its minute")
		}
		cookie, ok := s.enter(s.invite("maria"))
		if v := s.find(cookie); !ok || v == nil || v.By != "maria" {
			t.Fatalf("visitor = %+v", v)
		}
		time.Sleep(sessionTime - time.Minute)
		if s.find(cookie) == nil {
			t.Error("a session that is used ends early")
		}
		time.Sleep(sessionTime - time.Minute)
		if s.find(cookie) == nil {
			t.Error("use does not keep a session alive")
		}
		time.Sleep(sessionTime + time.Second)
		if s.find(cookie) != nil {
			t.Error("a session that is not used stays")
		}
		var kept []string
		for range maxSessions + 3 {
			time.Sleep(time.Second)
			c, _ := s.enter(s.invite("maria"))
			kept = append(kept, c)
		}
		if len(s.visitors) > maxSessions || s.find(kept[0]) != nil || s.find(kept[len(kept)-1]) == nil {
			t.Errorf("%d sessions are kept, of the newest or not", len(s.visitors))
		}
		first := s.invite("maria")
		for range maxCodes {
			time.Sleep(time.Second)
			s.invite("maria")
		}
		if _, ok := s.enter(first); ok || len(s.codes) > maxCodes {
			t.Errorf("%d links are open, the oldest one: %t", len(s.codes), ok)
		}
	})
}

// P17: a web page or another user of the machine cannot use the dashboard.
func TestHostileRequestsGetNoDataAndChangeNothing(t *testing.T) {
	m := remember(3)
	m.clients = []Client{{Client: ppm.Client{Number: 1, Name: "Secret CRM"}}}
	srv := serve(t, m)
	cookie := signIn(t, srv)
	code := invite(t, srv)
	name, _, _ := strings.Cut(strings.TrimPrefix(cookie, "Cookie: "), "=")
	hold := url.Values{"client": {"1"}, "held": {"yes"}}.Encode()
	get, send := "GET", "POST"
	for _, tt := range []struct {
		what, method, address string
		headers               []string
	}{
		{"nobody", get, "/", nil},
		{"nobody, a list", get, "/notifications", nil},
		{"nobody, one", get, "/notifications/" + string(m.kept[0].Receipt), nil},
		{"nobody, events", get, "/events", nil},
		{"nobody, API", get, "/api/v1/notifications", nil},
		{"the cookie is no token", get, "/api/v1/notifications", []string{cookie}},
		{"the token is no cookie", get, "/notifications", []string{"Cookie: " + name + "=" + token}},
		{"the code is no cookie", get, "/notifications", []string{"Cookie: " + name + "=" + code}},
		{"an empty cookie", get, "/notifications", []string{"Cookie: " + name + "="}},
		{"a cookie of another name", get, "/notifications", []string{"Cookie: session=" + strings.TrimPrefix(cookie, "Cookie: "+name+"=")}},
		{"a rebound name", get, "/notifications", []string{cookie, "Host: rebound.example:PORT"}},
		{"a rebound name, without port", get, "/notifications", []string{cookie, "Host: rebound.example"}},
		{"another loopback address", get, "/notifications", []string{cookie, "Host: 127.0.0.2:PORT"}},
		{"another port", get, "/notifications", []string{cookie, "Host: 127.0.0.1:1"}},
		{"a link from elsewhere", get, "/notifications", []string{cookie, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: navigate"}},
		{"an image elsewhere", get, "/notifications", []string{cookie, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Mode: no-cors"}},
		{"a frame elsewhere", get, "/", []string{cookie, "Sec-Fetch-Site: cross-site", "Sec-Fetch-Dest: iframe"}},
		{"a program on another port", get, "/notifications", []string{cookie, "Sec-Fetch-Site: same-site"}},
		{"events from another port", get, "/events", []string{cookie, "Sec-Fetch-Site: same-site"}},
		{"a form elsewhere", send, "/hold?" + hold, []string{cookie, "Origin: https://evil.example"}},
		{"a form of no origin", send, "/hold?" + hold, []string{cookie, "Origin: null"}},
		{"a form on another port", send, "/hold?" + hold, []string{cookie, "Origin: http://127.0.0.1:1"}},
		{"a form elsewhere, told by the browser", send, "/hold?" + hold, []string{cookie, "Sec-Fetch-Site: cross-site"}},
		{"a form on another port, told by the browser", send, "/hold?" + hold, []string{cookie, "Sec-Fetch-Site: same-site"}},
		{"a form without a cookie", send, "/hold?" + hold, nil},
		{"a form under a rebound name", send, "/hold?" + hold, []string{cookie, "Host: rebound.example:PORT", "Origin: http://rebound.example"}},
		{"an action asked for with GET", get, "/hold?" + hold, []string{cookie}},
		{"a made-up code", send, "/open?code=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", nil},
		{"a code from elsewhere", send, "/open?code=" + code, []string{"Origin: https://evil.example"}},
		{"signing somebody out from elsewhere", send, "/leave", []string{cookie, "Sec-Fetch-Site: cross-site"}},
	} {
		answer, body := ask(t, srv, tt.method, tt.address, tt.headers...)
		if strings.Contains(body, "A00000") || strings.Contains(body, "Secret CRM") {
			t.Errorf("%s: is told data", tt.what)
		}
		if len(answer.Cookies()) != 0 {
			t.Errorf("%s: is given %v", tt.what, answer.Cookies())
		}
		if answer.StatusCode < 400 {
			t.Errorf("%s: is answered %d", tt.what, answer.StatusCode)
		}
	}
	if len(m.done) != 0 {
		t.Errorf("it was done: %q", m.done)
	}
	if answer, _ := ask(t, srv, "GET", "/", cookie, "Sec-Fetch-Site: same-origin"); answer.StatusCode != 200 {
		t.Errorf("afterwards the visitor is answered %d", answer.StatusCode)
	}
	post(t, srv, "/hold", url.Values{"client": {"1"}, "held": {"yes"}}, cookie, "Sec-Fetch-Site: same-origin", "Origin: "+srv.URL)
	if !slices.Equal(m.done, []string{"maria held"}) {
		t.Errorf("the visitor's own form did %q", m.done)
	}
}

// inline is what the policy forbids in a page; a browser would drop it silently.
var inline = regexp.MustCompile(`\sstyle=|<style|<script(?: defer)?>|\son[a-z]+=|javascript:|(?:src|href|action)="[^/#]`)
