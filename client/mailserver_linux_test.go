package client_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"net/mail"
	"regexp"
	"slices"
	"strings"
	"testing"

	"processmanager/ppm"
)

// A mailServer is one of Debian's (testdata/mailserver.py).
type mailServer struct {
	certificate
	port int
	kept *json.Decoder
}

// A keptMessage is a message as the server has it.
type keptMessage struct {
	From, User       string
	To               []string
	Encrypted        bool
	Raw              []byte
	Subject, Text    string // decoded
	Type             string
	Headers, Defects []string
}

func newMailServer(t *testing.T, args ...string) (*mailServer, bool) {
	t.Helper()
	s := &mailServer{certificate: newCertificate(t)}
	said, ok := python(t, "aiosmtpd", append([]string{"testdata/mailserver.py", args[0], s.file, s.keyFile}, args[1:]...)...)
	if !ok {
		return nil, false
	}
	s.kept = said
	check(t, s.kept.Decode(&s.port))
	return s, true
}

// next returns the next message that was kept.
func (s *mailServer) next(t *testing.T) keptMessage {
	t.Helper()
	var m keptMessage
	check(t, s.kept.Decode(&m))
	return m
}

func (s *mailServer) settings(more map[string]any) map[string]any {
	settings := map[string]any{"to": []string{"Ann <ann@lender.test>"}, "from": "PPM <ppm@lender.test>", "host": "127.0.0.1", "port": s.port, "ca": s.file}
	for k, v := range more {
		settings[k] = v
	}
	return settings
}

func TestARealMailServerTakesMessages(t *testing.T) {
	for _, encryption := range []string{"starttls", "tls"} {
		s, ok := newMailServer(t, encryption, "ppm@lender.test", "p@ss wörd:=")
		if !ok {
			return
		}
		settings := s.settings(map[string]any{"encryption": encryption, "user": "ppm@lender.test", "to": []string{"ann@lender.test", "Bob <bob@lender.test>"}})
		way := open(t, ppm.Email, settings, map[string]string{"password": "p@ss wörd:="})
		p := parcel("A056035")
		var names []string
		for range 2 { // as when the first attempt was not recorded
			r, err := way.Deliver(t.Context(), p)
			if err != nil || r.Status != 250 || !strings.Contains(string(r.Excerpt), "kept") {
				t.Fatalf("%s: %d %q, %v", encryption, r.Status, r.Excerpt, err)
			}
			m := s.next(t)
			if !m.Encrypted || m.User != "ppm@lender.test" || m.From != "ppm@lender.test" || !slices.Equal(m.To, []string{"ann@lender.test", "bob@lender.test"}) {
				t.Errorf("%s: it came as %+v", encryption, m)
			}
			read, err := mail.ReadMessage(bytes.NewReader(m.Raw))
			check(t, err)
			if _, err := read.Header.Date(); err != nil {
				t.Error(err)
			}
			names = append(names, read.Header.Get("Message-ID"))
			for header, want := range map[string]string{
				"From": `"PPM" <ppm@lender.test>`, "To": `<ann@lender.test>, "Bob" <bob@lender.test>`,
				"Subject": "Clearmatch: batchApplicationStatusChange Posted A056035", "Auto-Submitted": "auto-generated",
			} {
				if got := read.Header.Get(header); got != want {
					t.Errorf("%s: %s is %q, want %q", encryption, header, got, want)
				}
			}
			if all := string(m.Raw) + m.Text; !strings.Contains(m.Text, "A056035") || strings.Contains(all, "Hara") || strings.Contains(all, "12345678901234567890") || len(m.Defects) > 0 {
				t.Errorf("%s: it says %q, with the faults %q", encryption, m.Raw, m.Defects)
			}
		}
		if names[0] != names[1] || names[0] != "<"+p.Key+"@lender.test>" {
			t.Errorf("%s: the two attempts are called %q", encryption, names)
		}
	}
}

func TestWhatARealMailServerRefuses(t *testing.T) {
	s, ok := newMailServer(t, "starttls", "ppm", "right")
	if !ok {
		return
	}
	const again, final = "again", "final"
	for _, tt := range []struct {
		name     string
		to       []string
		more     map[string]any
		password string
		want     string // "": delivered
		status   int
		says     string
		got      []string // who got it all the same
	}{
		{"a recipient for now", []string{"ann@l.test", "later-bob@l.test"}, nil, "right", again, 451, "later-bob@l.test", nil},
		{"the only recipient for good", []string{"nobody-ann@l.test"}, nil, "right", final, 550, "nobody of this name", nil},
		{"one of two for good", []string{"ann@l.test", "nobody-bob@l.test"}, nil, "right", final, 550, "the others have it", []string{"ann@l.test"}},
		{"one for now, one for good", []string{"nobody-ann@l.test", "later-bob@l.test"}, nil, "right", again, 451, "come again", nil},
		{"the message for now", []string{"full-ann@l.test"}, nil, "right", again, 452, "no room", nil},
		{"the message for good", []string{"spam-ann@l.test"}, nil, "right", final, 554, "not such a message", nil},
		{"a wrong password", []string{"ann@l.test"}, nil, "canary-wrong", again, 535, "log in as ppm", nil},
		{"no password", []string{"ann@l.test"}, map[string]any{"user": ""}, "", again, 530, "Authentication required", nil},
		{"an unknown certificate", []string{"ann@l.test"}, map[string]any{"ca": ""}, "right", again, 0, "the setting ca", nil},
		{"a certificate for another name", []string{"ann@l.test"}, map[string]any{"host": "localhost"}, "right", again, 0, "its certificate is for another name", nil},
		{"a port for the other encryption", []string{"ann@l.test"}, map[string]any{"encryption": "tls"}, "right", again, 0, "it does not speak TLS", nil},
		{"nobody at the port", []string{"ann@l.test"}, map[string]any{"port": 1}, "right", again, 0, "nothing listens there", nil},
		{"nothing", []string{"ann@l.test"}, nil, "right", "", 250, "", []string{"ann@l.test"}},
	} {
		settings := s.settings(map[string]any{"to": tt.to, "user": "ppm", "timeout": "20s"})
		for k, v := range tt.more {
			settings[k] = v
		}
		way := open(t, ppm.Email, settings, map[string]string{"password": tt.password})
		r, err := way.Deliver(t.Context(), parcel("A056035"))
		got := ""
		if err != nil {
			if got = again; isFinal(err) {
				got = final
			}
			if !strings.Contains(err.Error(), tt.says) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%s: %v, which should say %q", tt.name, err, tt.says)
			}
		}
		if got != tt.want || r.Status != tt.status {
			t.Errorf("%s: %q (%v) and status %d, want %q and %d", tt.name, got, err, r.Status, tt.want, tt.status)
		}
		if tt.got == nil {
			continue // had it been kept, it would come in the place of the next one
		}
		if m := s.next(t); !slices.Equal(m.To, tt.got) {
			t.Errorf("%s: %q got it, want %q", tt.name, m.To, tt.got)
		}
	}
}

// What is not visible in a subject is a space, and what looks encoded is not.
var notVisible = regexp.MustCompile(`[^\pL\pM\pN\pP\pS]+`)

func asSubject(value string) string {
	value = strings.TrimSpace(notVisible.ReplaceAllString(asPlain(value), " "))
	if letters := []rune(value); len(letters) > 200 {
		value = string(letters[:199]) + "…"
	}
	return strings.ReplaceAll(value, "=?", "= ?")
}

// P18: payloads stay data.
func TestPayloadsStayDataInMessages(t *testing.T) {
	s, ok := newMailServer(t, "none")
	if !ok {
		return
	}
	way := open(t, ppm.Email, s.settings(map[string]any{"encryption": "none", "subject": posted, "text": posted + "\n[" + fetched + "]\n"}), nil)
	headers := []string{"Date", "MIME-Version", "Message-ID", "Subject", "Auto-Submitted", "X-Auto-Response-Suppress", "From", "To", "Content-Type", "Content-Transfer-Encoding"}
	slices.Sort(headers)
	for i, value := range hostile {
		p := hostileParcel(t, value)
		if _, err := way.Deliver(t.Context(), p); err != nil {
			t.Errorf("%d, %q: %v", i, value, err)
			continue
		}
		m := s.next(t)
		slices.Sort(m.Headers)
		if !slices.Equal(m.Headers, headers) || len(m.Defects) > 0 || m.Type != "text/plain" || !slices.Equal(m.To, []string{"ann@lender.test"}) {
			t.Errorf("%d, %q: %q came to %q, with the faults %q", i, value, m.Raw, m.To, m.Defects)
		}
		subject, text, err := readMessage(m.Raw)
		// A subject that begins on its second line has a space before it for some.
		if want := asSubject(value); err != nil || subject != want || strings.TrimPrefix(m.Subject, " ") != want {
			t.Errorf("%d, %q: the subject is %q, and for the server %q (%v), want %q", i, value, subject, m.Subject, err, want)
		}
		want := asPlain(value) + "\n[" + asPlain(value) + "]\n"
		for _, got := range []string{text, m.Text} {
			if strings.ReplaceAll(got, "\r\n", "\n") != want {
				t.Errorf("%d, %q: the text is %q, want %q", i, value, got, want)
			}
		}
	}
}

func readMessage(raw []byte) (subject, text string, err error) {
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return "", "", err
	}
	if subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return "", "", err
	}
	if encoding := m.Header.Get("Content-Transfer-Encoding"); encoding != "quoted-printable" {
		return "", "", fmt.Errorf("it is written in %s", encoding)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
	return subject, string(body), err
}
