//go:build linux

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// p16 posts notifications whose content leads elsewhere: nobody but the
// configured API sees its token, and it is asked for nothing that it should not be.
func p16(l *lab) error {
	platform, err := l.newPlatform("api-secret", "api-token", func(string) string { return `{"status":"Posted"}` })
	if err != nil {
		return err
	}
	data, err := l.folder("store")
	if err != nil {
		return err
	}
	if err := platform.configure(data); err != nil {
		return err
	}
	service, err := l.serve(data)
	if err != nil {
		return err
	}
	hostile, err := hostileAddresses(filepath.Join(l.workshop.source, "clearmatch", "testdata", "hostile-addresses.txt"), platform)
	if err != nil {
		return err
	}
	if len(hostile) < 60 {
		return fmt.Errorf("%d hostile addresses, 60 are promised", len(hostile))
	}
	good := []string{platform.api + "/v1/application/A1", platform.api + "/v1/application/A2"}
	redirected := platform.api + "/v1/moved/A3"
	posted := 0
	for i, content := range append(append(hostile, good...), redirected) {
		n := series("").nth(i)
		n.Content, n.Application = content, fmt.Sprintf("P16-%d", i) // nobody waits for another one's application
		status, answer, err := l.postOne(service.receiver, n)
		switch {
		case err != nil:
			return err
		case status == http.StatusOK:
			posted++
		case status != http.StatusBadRequest && status != http.StatusUnprocessableEntity:
			return fmt.Errorf("content %q was answered %d %s", content, status, answer)
		}
	}
	// The good ones are fetched, the one that moved is tried again, the rest are dead letters.
	var s status
	err = l.until(time.Minute, "fetched or given up", func() (bool, error) {
		var err error
		s, err = l.status(data)
		return err == nil && s.Notifications.Queued == 1 && s.Notifications.Complete == int64(len(good)), fmt.Errorf("%+v", s.Notifications)
	})
	if err := errors.Join(err, service.stop()); err != nil {
		return err
	}
	l.done++
	l.figure("hostile addresses", len(hostile), "")
	l.figure("notifications", posted, "")
	l.figure("dead letters", s.Notifications.Failed, "")
	platform.mu.Lock()
	defer platform.mu.Unlock()
	if len(platform.strange) > 0 {
		return fmt.Errorf("strangers were asked: %s", strings.Join(platform.strange, "; "))
	}
	for path := range platform.told {
		if path != "/v1/application/A1" && path != "/v1/application/A2" {
			return fmt.Errorf("the API was asked for %s", path)
		}
	}
	if platform.login.Load() != 1 {
		return fmt.Errorf("%d tokens were got", platform.login.Load())
	}
	return nil
}

// hostileAddresses reads the list that package clearmatch tests with.
func hostileAddresses(file string, p *platform) (list []string, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	host, port, _ := strings.Cut(strings.TrimPrefix(p.api, "http://"), ":")
	fill := strings.NewReplacer("HOST", host, "PORT", port, "THIEF", strings.TrimPrefix(p.thief, "http://"))
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		address, err := strconv.Unquote(strings.TrimSpace(line))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", line, err)
		}
		address = fill.Replace(address)
		// There it is https that is right and http that is hostile; here the other way round.
		switch {
		case strings.HasPrefix(address, "https://"):
			address = "http://" + strings.TrimPrefix(address, "https://")
		case strings.HasPrefix(address, "http://"+host):
			address = "https://" + strings.TrimPrefix(address, "http://")
		}
		list = append(list, address)
	}
	return list, nil
}

// postOne posts one notification and returns how it was answered.
func (l *lab) postOne(receiver string, n any) (status int, answer string, err error) {
	body, err := json.Marshal(n)
	if err != nil {
		return 0, "", err
	}
	r, err := http.NewRequestWithContext(l, http.MethodPost, receiver, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.SetBasicAuth(username, password)
	client := (&feed{load: load{reuse: false}}).client()
	res, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res.StatusCode, string(text), err
}
