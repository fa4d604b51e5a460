package ui

import (
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"processmanager/db"
	"processmanager/ppm"
)

func TestListsAreCutIntoPagesAsAskedFor(t *testing.T) {
	m := remember(60)
	srv := serve(t, m)
	first, last := m.kept[0].Receipt, m.kept[59].Receipt
	for _, tt := range []struct {
		query string
		n     int
		first ppm.Receipt
	}{
		{"", 50, last},
		{"?limit=3", 3, last},
		{"?limit=3&order=oldest", 3, first},
		{"?limit=1&after=" + string(last), 1, m.kept[58].Receipt},
		{"?limit=1&order=oldest&after=" + string(first), 1, m.kept[1].Receipt},
		{"?after=" + string(first), 0, ""},
	} {
		answer, body := ask(t, srv, "GET", "/api/v1/notifications"+tt.query, "Authorization: Bearer "+token)
		var page records
		if err := json.Unmarshal([]byte(body), &page); err != nil || answer.StatusCode != 200 {
			t.Fatalf("%s = %d %s", tt.query, answer.StatusCode, body)
		}
		if len(page.Notifications) != tt.n || tt.n > 0 && page.Notifications[0].Receipt != tt.first {
			t.Errorf("%q = %v; want %d from %s", tt.query, receipts(page.Notifications), tt.n, tt.first)
		}
	}
}

func TestFaultsAreToldInWordsWithTheirStatus(t *testing.T) {
	m := remember(1)
	srv := serve(t, m)
	for _, tt := range []struct {
		address string
		fail    error
		status  int
		says    string
	}{
		{"/api/v1/notifications?limit=0", nil, 400, "limit: give a number from 1 to 1000"},
		{"/api/v1/notifications?limit=1001", nil, 400, "limit"},
		{"/api/v1/notifications?limit=x", nil, 400, "limit"},
		{"/api/v1/notifications?order=random", nil, 400, "order"},
		{"/api/v1/notifications/nonsense", nil, 400, "a receipt looks like"},
		{"/api/v1/notifications/99-AAAAAAAA", nil, 404, "99-AAAAAAAA: not found"},
		{"/api/v1/rejections?before=0", nil, 400, "before"},
		{"/api/v1/export?since=yesterday", nil, 400, "since"},
		{"/api/v1/nowhere", nil, 404, "nothing at this address"},
		{"/api/v1/notifications", db.ErrUnavailable, 503, "store unavailable"},
		{"/api/v1/notifications", errors.New("disk on fire"), 500, "disk on fire"},
		{"/api/v1/export", errors.New("disk on fire"), 500, "disk on fire"},
	} {
		m.fail = tt.fail
		answer, body := ask(t, srv, "GET", tt.address, "Authorization: Bearer "+token)
		var f faulty
		if err := json.Unmarshal([]byte(body), &f); err != nil {
			t.Errorf("%s answered %q, which is no JSON", tt.address, body)
		}
		if answer.StatusCode != tt.status || !strings.Contains(f.Error, tt.says) {
			t.Errorf("%s = %d %q, want %d %q", tt.address, answer.StatusCode, f.Error, tt.status, tt.says)
		}
	}
}

func TestABackupNeedsAWholePath(t *testing.T) {
	srv := serve(t, remember(0))
	whole, err := json.Marshal(filepath.Join(t.TempDir(), "copy.db"))
	check(t, err)
	for body, want := range map[string]int{
		`{"to":"relative.db"}`:         400,
		`{"to":""}`:                    200, // the service names it
		`{}`:                           200,
		`nonsense`:                     400,
		``:                             400,
		`{"to":` + string(whole) + `}`: 200,
	} {
		r, err := http.NewRequest("POST", srv.URL+"/api/v1/backup", strings.NewReader(body))
		check(t, err)
		r.Header.Set("Authorization", "Bearer "+token)
		answer, err := srv.Client().Do(r)
		check(t, err)
		answer.Body.Close()
		if answer.StatusCode != want {
			t.Errorf("%s = %d, want %d", body, answer.StatusCode, want)
		}
	}
}
