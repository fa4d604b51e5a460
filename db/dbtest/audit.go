package dbtest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var auditTests = tests{
	"SecretsStayOutOfErrorsAndTheAuditLog": secretsStaySecret,
	"TheAuditLogIsReadInPages":             auditLog,
}

// actions returns the audit log, newest first.
func actions(t *testing.T, s db.Store, about string) []ppm.Action {
	t.Helper()
	all, err := s.Actions(t.Context(), about, 0, 1000)
	if err != nil {
		t.Fatal("actions:", err)
	}
	return all
}

// lastAction checks the newest action.
func lastAction(t *testing.T, s db.Store, what, about, details string) {
	t.Helper()
	all := actions(t, s, "")
	if len(all) == 0 {
		t.Fatal("nothing is in the audit log, want", what)
	}
	a := all[0]
	if a.What != what || a.About != about || a.Details != details || a.By != "anna" || time.Since(a.At).Abs() > time.Minute {
		t.Errorf("the newest action is %+v; want %s, about %s: %q", a, what, about, details)
	}
}

func secretsStaySecret(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	const secret = "s3cr3t-canary"
	var said []string
	c := Client("CRM")
	c.Secrets, c.Settings = map[string]string{"password": secret + "1"}, json.RawMessage(`{"url":"https://x/?key=`+secret+`"}`)
	c.Number = save(t, s, c)
	c.Secrets, c.Settings = map[string]string{"password": secret + "2"}, json.RawMessage(`{"url":"https://y/?key=`+secret+`"}`)
	save(t, s, c)
	lastAction(t, s, "client changed", "CRM", "url changed, password changed")
	c.Settings = json.RawMessage(`{"url":"` + secret)
	c.Name = "CRM 2"
	_, broken := s.SaveClient(t.Context(), c, "anna")
	c.Settings = json.RawMessage(`["` + secret + `"]`)
	_, array := s.SaveClient(t.Context(), c, "anna")
	c.Settings, c.Number = json.RawMessage(`{}`), 99
	_, unknown := s.SaveClient(t.Context(), c, "anna")
	c.Name, c.Number = "crm", 0
	_, taken := s.SaveClient(t.Context(), c, "anna")
	for _, err := range []error{broken, array, unknown, taken} {
		if err == nil {
			t.Error("a client was saved that should have been refused")
			continue
		}
		said = append(said, err.Error())
	}
	for _, a := range actions(t, s, "") {
		said = append(said, fmt.Sprint(a))
	}
	shown, err := json.Marshal(client(t, s, 1))
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(shown), secret+"2") {
		t.Errorf("a client shows its secret: %s", shown)
	}
	for _, text := range said {
		if strings.Contains(text, secret) {
			t.Errorf("a secret is in %q", text)
		}
	}
}

func auditLog(t *testing.T, e Engine) {
	dir := t.TempDir()
	s := e.open(t, dir)
	at := time.Date(2026, 11, 23, 9, 0, 0, 123456000, time.UTC)
	for i := range 25 {
		a := ppm.Action{At: at.Add(time.Duration(i) * time.Second), By: "anna", What: "retried", About: []string{"CRM", "A056035"}[i%2], Details: fmt.Sprint(i)}
		if err := s.Audit(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = e.open(t, dir)
	for about, step := range map[string]int{"": 1, "CRM": 2, "nobody": 0} {
		var got []string
		for before := int64(0); ; {
			page, err := s.Actions(t.Context(), about, before, 4)
			if err != nil {
				t.Fatal(err)
			}
			if len(page) == 0 {
				break
			}
			for _, a := range page {
				if before != 0 && a.Number >= before || a.By != "anna" || a.What != "retried" {
					t.Errorf("after action %d comes %+v", before, a)
				}
				before = a.Number
				got = append(got, a.Details)
			}
		}
		var want []string
		for i := 24; i >= 0 && step > 0; i -= step {
			want = append(want, fmt.Sprint(i))
		}
		if !slices.Equal(got, want) {
			t.Errorf("about %q are %v, want %v", about, got, want)
		}
	}
	if a := actions(t, s, "")[0]; !a.At.Equal(at.Add(24*time.Second)) || a.About != "CRM" {
		t.Errorf("the newest is %+v", a)
	}
}
