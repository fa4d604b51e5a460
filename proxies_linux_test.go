package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"processmanager/clearmatch"
	"processmanager/ppm"
	"processmanager/receiver"
)

// arrivals is a journal that remembers where from.
type arrivals struct {
	mu   sync.Mutex
	from []string
}

func (a *arrivals) Accept(_ context.Context, n ppm.Arrival) (ppm.Acknowledgement, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.from = append(a.from, n.From)
	return ppm.Acknowledgement{Receipt: "1-AAAAAAAA"}, nil
}

func (a *arrivals) Reject(context.Context, ppm.Rejection) error { return nil }

// The examples in docs/certificates.md are run as they stand there, but for
// names, ports and files.
func TestProxiesInTheDocumentationPassNotificationsOn(t *testing.T) {
	for name, p := range map[string]struct {
		language string
		args     func(dir, config string) []string
		change   func(dir, config, port string) string
	}{
		"nginx": {
			language: "nginx",
			args:     func(dir, config string) []string { return []string{"-p", dir, "-e", "stderr", "-c", config} },
			change: func(dir, config, port string) string {
				config = strings.NewReplacer("listen 443", "listen 127.0.0.1:"+port,
					"/etc/ssl/your.host.name.pem", filepath.Join(dir, "site.pem"), "/etc/ssl/your.host.name.key", filepath.Join(dir, "site.pem")).Replace(config)
				return "daemon off; pid nginx.pid; events {}\nhttp {\naccess_log off;\n" +
					"client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;\n" + config + "}\n"
			},
		},
		"caddy": {
			language: "caddy",
			args: func(dir, config string) []string {
				return []string{"run", "--adapter", "caddyfile", "--config", config}
			},
			change: func(dir, config, port string) string {
				return "{\nadmin off\nauto_https disable_redirects\ndefault_bind 127.0.0.1\n}\n" +
					strings.Replace(config, "your.host.name {", "your.host.name:"+port+" {\ntls "+filepath.Join(dir, "site.pem")+" "+filepath.Join(dir, "site.pem"), 1)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			program, err := exec.LookPath(name)
			if err != nil {
				if os.Getenv("CI") != "" {
					t.Fatalf("%v: .ci/install brings it", err)
				}
				return
			}
			journal := new(arrivals)
			behind := receive(t, journal)
			dir := t.TempDir()
			text, err := certificateFor("your.host.name")
			if err != nil {
				t.Fatal(err)
			}
			writeTo(t, filepath.Join(dir, "site.pem"), string(text))
			port := closedPort(t)
			config := strings.ReplaceAll(p.change(dir, example(t, p.language), port), "127.0.0.1:8443", behind)
			file := filepath.Join(dir, "config")
			writeTo(t, file, config)

			cmd := exec.Command(program, p.args(dir, file)...)
			cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
			var said bytes.Buffer
			cmd.Stdout, cmd.Stderr = &said, &said
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				cmd.Process.Signal(os.Interrupt)
				cmd.Wait()
				if t.Failed() {
					t.Logf("%s\n%s", config, said.String())
				}
			}()
			postThrough(t, "127.0.0.1:"+port, journal)
		})
	}
}

// receive runs a receiver behind a proxy and returns its address.
func receive(t *testing.T, journal receiver.Journal) string {
	t.Helper()
	credentials, err := receiver.NewCredentials("clearmatch", "right")
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- receiver.New(receiver.Options{Path: "/notifications", Credentials: credentials, Journal: journal, Parse: clearmatch.Parse, Proxied: true}).Serve(ctx, l, nil)
	}()
	t.Cleanup(func() { cancel(); <-done })
	return l.Addr().String()
}

// postThrough posts as Clearmatch and as strangers do, from 127.0.0.5.
func postThrough(t *testing.T, address string, journal *arrivals) {
	t.Helper()
	d := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 5)}}
	client := &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "tcp", address) },
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	defer client.CloseIdleConnections()
	post := func(path, password string) (int, http.Header, string) {
		deadline := time.Now().Add(20 * time.Second)
		for {
			r, err := http.NewRequest("POST", "https://your.host.name"+path, strings.NewReader(sample))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("X-Forwarded-For", "203.0.113.9")
			if password != "" {
				r.SetBasicAuth("clearmatch", password)
			}
			res, err := client.Do(r)
			if err == nil {
				text, _ := io.ReadAll(res.Body)
				res.Body.Close()
				return res.StatusCode, res.Header, string(text)
			}
			if time.Now().After(deadline) {
				t.Fatal(err)
			}
			time.Sleep(50 * time.Millisecond) // it is just starting
		}
	}
	for _, tt := range []struct {
		path, password string
		want           int
	}{
		{"/notifications", "right", 200}, {"/notifications", "wrong", 401}, {"/notifications", "", 401}, {"/", "right", 404}, {"/notifications/x", "right", 404},
	} {
		status, header, text := post(tt.path, tt.password)
		if status != tt.want || status == 401 && header.Get("WWW-Authenticate") == "" || status == 200 && !strings.Contains(text, `"receipt":"1-AAAAAAAA"`) {
			t.Errorf("%s with the password %q: %d %v %s", tt.path, tt.password, status, header, text)
		}
	}
	if got := fmt.Sprint(journal.from); got != "[127.0.0.5]" {
		t.Errorf("it came from %s, want 127.0.0.5 once", got)
	}
}

// example returns the example in that language from the page about certificates.
func example(t *testing.T, language string) string {
	t.Helper()
	page, err := os.ReadFile("docs/certificates.md")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(page)
	if m == nil {
		t.Fatalf("docs/certificates.md has no example in %s", language)
	}
	return string(m[1])
}

func closedPort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func writeTo(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
