package client_test

import (
	"bufio"
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"processmanager/client"
	"processmanager/ppm"
)

// A postOffice takes mail by SMTP with STARTTLS (RFC 5321, RFC 3207).
type postOffice struct {
	port int
	ca   string // a file with its certificate

	mu       sync.Mutex
	plain    bool              // offers no encryption
	answer   map[string]string // to RCPT, by address, where not 250
	messages [][]byte
}

func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	check(t, err)
	o := &postOffice{ca: filepath.Join(t.TempDir(), "ca.pem"), answer: map[string]string{}}
	check(t, os.WriteFile(o.ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	config := &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	o.port = ln.Addr().(*net.TCPAddr).Port
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { defer conn.Close(); o.serve(conn, config) })
		}
	})
	t.Cleanup(func() { ln.Close(); serving.Wait() })
	return o
}

func (o *postOffice) serve(conn net.Conn, config *tls.Config) {
	conn.SetDeadline(time.Now().Add(20 * time.Second))
	r := bufio.NewReader(conn)
	say := func(text string) { fmt.Fprintf(conn, "%s\r\n", text) }
	say("220 post.test ESMTP")
	for encrypted := false; ; {
		line, err := r.ReadString('\n')
		if err != nil {
			return
		}
		verb, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		switch word, _, _ := strings.Cut(strings.ToUpper(verb), " "); word {
		case "EHLO":
			if say("250-post.test"); !encrypted && !o.plain {
				say("250-STARTTLS")
			}
			say("250 8BITMIME")
		case "STARTTLS":
			say("220 go on")
			conn, encrypted = tls.Server(conn, config), true
			r = bufio.NewReader(conn)
		case "RCPT":
			o.mu.Lock()
			answer := o.answer[strings.Trim(rest, "<>")]
			o.mu.Unlock()
			if answer == "" {
				answer = "250 ok"
			}
			say(answer)
		case "DATA":
			say("354 go on")
			var message bytes.Buffer
			for {
				line, err := r.ReadString('\n')
				if err != nil {
					return
				}
				if line == ".\r\n" {
					break
				}
				message.WriteString(line)
			}
			o.mu.Lock()
			o.messages = append(o.messages, message.Bytes())
			o.mu.Unlock()
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

func (o *postOffice) way(t *testing.T, more map[string]any) client.Way {
	t.Helper()
	settings := map[string]any{"to": []string{"crm@lender.test"}, "from": "ppm@lender.test", "host": "127.0.0.1", "port": o.port, "ca": o.ca}
	for k, v := range more {
		settings[k] = v
	}
	return open(t, ppm.Email, settings, nil)
}

func TestAMessageIsSentUnderOneNameAndTellsNothingPersonal(t *testing.T) {
	o := newPostOffice(t)
	way := o.way(t, nil)
	p := parcel("A056035")
	for range 2 {
		if _, err := way.Deliver(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if len(o.messages) != 2 {
		t.Fatalf("%d messages were kept", len(o.messages))
	}
	var names []string
	for _, text := range o.messages {
		m, err := mail.ReadMessage(bytes.NewReader(text))
		check(t, err)
		names = append(names, m.Header.Get("Message-ID"))
		if !strings.Contains(string(text), "A056035") || strings.Contains(string(text), "Hara") || m.Header.Get("Auto-Submitted") == "" {
			t.Errorf("it says\n%s", text)
		}
	}
	if names[0] != names[1] || !strings.Contains(names[0], p.Key) {
		t.Errorf("the two attempts are called %q", names)
	}
}

func TestPayloadsBecomeNoHeadersOfAMessage(t *testing.T) {
	o := newPostOffice(t)
	way := o.way(t, map[string]any{"subject": "{{.notification.eventDescription}}", "text": "{{.notification.eventDescription}}"})
	for i, value := range hostile {
		p := parcel("A1")
		p.Notification.Event = value
		if _, err := way.Deliver(t.Context(), p); err != nil {
			t.Errorf("%q: %v", value, err)
			continue
		}
		if len(o.messages) == 0 {
			t.Fatalf("%q was not sent", value)
		}
		m, err := mail.ReadMessage(bytes.NewReader(o.messages[len(o.messages)-1]))
		if err != nil || m.Header.Get("X-Evil") != "" || m.Header.Get("To") == "" {
			t.Errorf("%d, %q, became %q, %v", i, value, o.messages[len(o.messages)-1], err)
		}
	}
}

func TestWhatAMailServerRefuses(t *testing.T) {
	o := newPostOffice(t)
	for answer, final := range map[string]bool{"451 later": false, "550 nobody here": true} {
		o.mu.Lock()
		o.answer["crm@lender.test"] = answer
		o.mu.Unlock()
		if _, err := o.way(t, nil).Deliver(t.Context(), parcel("A1")); err == nil || isFinal(err) != final {
			t.Errorf("%s: %v", answer, err)
		}
	}
	o.mu.Lock()
	o.plain, o.answer = true, map[string]string{}
	o.mu.Unlock()
	if _, err := o.way(t, nil).Deliver(t.Context(), parcel("A1")); err == nil || len(o.messages) != 0 {
		t.Errorf("without encryption: %v, %d messages", err, len(o.messages))
	}
	if _, err := tryOpen(t, ppm.Email, map[string]any{"to": []string{"a@b.test"}, "from": "c@d.test", "host": "mail.test", "encryption": "none"}, nil); err == nil {
		t.Error("a server far away without encryption was accepted")
	}
}
