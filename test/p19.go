//go:build linux

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// canaries are what must be written nowhere but in the store and, where it is a
// setting, in config.toml. Each is unlike anything that the program writes itself.
var canaries = map[string]string{
	"the API's secret":           "canary-0-Kx81secret",
	"the API's token":            "canary-1-Qz27token",
	"a client's token":           "canary-2-Lw93bearer",
	"a client's password":        "canary-3-Pv46basic",
	"a borrower's name":          "canary-4-Hannelore",
	"what a body says":           "canary-5-Mortimer",
	"what a client answers":      "canary-6-Sieglinde",
	"what a program prints":      "canary-7-Ottokar",
	"a rejected body":            "canary-8-Wendelin",
	"a wrong password":           "canary-9-Friedlinde",
	"a query in an address":      "canary-10-Adalbert",
	"the password of the sender": password,
}

// p19 sends secrets and personal data along every way there is, good and bad,
// and then looks for them where they have no business.
func p19(l *lab) error {
	platform, err := l.newPlatform(canaries["the API's secret"], canaries["the API's token"], func(string) string {
		return `{"status":"Posted","borrower":"` + canaries["a borrower's name"] + `"}`
	})
	if err != nil {
		return err
	}
	data, err := l.folder("store")
	if err != nil {
		return err
	}
	if err := errors.Join(l.once(data), platform.configure(data)); err != nil {
		return err
	}
	if err := l.talkativeClients(data); err != nil {
		return err
	}
	service, err := l.serve(data)
	if err != nil {
		return err
	}
	if err := l.indiscretions(service.receiver, platform); err != nil {
		return err
	}
	err = l.until(time.Minute, "every client tried", func() (bool, error) {
		s, err := l.status(data)
		return err == nil && s.Deliveries.Delivered >= 2 && s.Deliveries.GaveUp >= 2, fmt.Errorf("%+v", s.Deliveries)
	})
	if err != nil {
		return err
	}
	// What the program says of itself, and how it was called.
	said := map[string][]byte{}
	for _, args := range [][]string{{"status", "--json"}, {"list", "--json"}, {"list", "--rejected", "--json"}, {"client", "list", "--json"}, {"client", "show", "good", "--json"}, {"client", "show", "basic"}, {"history", "--json"}, {"config", "list"}, {"search", "P19"}} {
		if said["ppm "+strings.Join(args, " ")], err = l.ppm(data, args...); err != nil {
			return err
		}
	}
	if said["the arguments"], err = os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", service.cmd.Process.Pid)); err != nil {
		return err
	}
	if err := service.stop(); err != nil {
		return err
	}
	l.done++
	if err := l.written(data, said); err != nil {
		return err
	}
	l.figure("canaries", len(canaries), "")
	l.figure("places searched", len(said), "")
	return silent(said)
}

// once makes a data folder by starting the program and stopping it.
func (l *lab) once(data string) error {
	p, err := l.serve(data)
	if err != nil {
		return err
	}
	return p.stop()
}

// talkativeClients makes clients that answer, print and refuse canaries.
func (l *lab) talkativeClients(data string) error {
	s, err := l.newSinks("")
	if err != nil {
		return err
	}
	s.server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/bad" {
			w.WriteHeader(http.StatusGone)
		}
		fmt.Fprint(w, canaries["what a client answers"], canaries["a borrower's name"])
	})
	secret := filepath.Join(l.dir, "secret")
	for name, text := range map[string]string{"token": canaries["a client's token"], "password": canaries["a client's password"], "query": canaries["a query in an address"]} {
		if err := os.WriteFile(secret+"-"+name, []byte(text+"\n"), 0o600); err != nil {
			return err
		}
	}
	program := filepath.Join(l.dir, "talkative")
	if err := os.WriteFile(program, []byte("#!/bin/sh\ncat >&2\necho "+canaries["what a program prints"]+"\nexit 3\n"), 0o700); err != nil {
		return err
	}
	const query = "?key={secret}"
	for _, args := range [][]string{
		{"client", "add", "good", "--kind", "web", "--with-data", "--set", "url=" + s.url + "good" + query, "--secret", "secret=@" + secret + "-query", "--set", "auth=bearer", "--secret", "token=@" + secret + "-token"},
		{"client", "add", "basic", "--kind", "web", "--with-data", "--set", "url=" + s.url + "bad" + query, "--secret", "secret=@" + secret + "-query", "--set", "auth=basic", "--set", "user=ppm", "--secret", "password=@" + secret + "-password"},
		{"client", "add", "away", "--kind", "web", "--with-data", "--set", "url=http://127.0.0.1:1/" + query, "--secret", "secret=@" + secret + "-query", "--set", "auth=bearer", "--secret", "token=@" + secret + "-token"},
		{"client", "add", "program", "--kind", "program", "--with-data", "--set", "path=" + program},
		{"client", "add", "rule", "--kind", "folder", "--with-data", "--set", "path=" + l.dir},
		{"subscription", "add", "good"}, {"subscription", "add", "basic"}, {"subscription", "add", "away"}, {"subscription", "add", "program"},
		{"subscription", "add", "rule", "--when", `application.borrower == "nobody"`},
	} {
		if _, err := l.ppm(data, args...); err != nil {
			return err
		}
	}
	return nil
}

// indiscretions posts canaries, rightly and wrongly.
func (l *lab) indiscretions(receiver string, p *platform) error {
	type talkative struct {
		six
		Note string `json:"note"`
	}
	for i := range 2 {
		n := talkative{series("").nth(i), canaries["what a body says"]}
		n.Application, n.Content = fmt.Sprintf("P19-%d", i), p.api+"/v1/application/A1"
		if status, answer, err := l.postOne(receiver, n); err != nil || status != http.StatusOK {
			return errors.Join(fmt.Errorf("answered %d %s", status, answer), err)
		}
	}
	for _, wrong := range []struct {
		password, body, query string
		want                  int
	}{
		{password, `{"id": "` + canaries["a rejected body"] + `" "x": 1}`, "", 400},
		{password, `{"` + canaries["a rejected body"] + `": 1}`, "", 422},
		{canaries["a wrong password"], `{}`, "", 401},
		{password, `{}`, "?q=" + canaries["a query in an address"], 422},
	} {
		r, err := http.NewRequestWithContext(l, http.MethodPost, receiver+wrong.query, strings.NewReader(wrong.body))
		if err != nil {
			return err
		}
		r.SetBasicAuth(username, wrong.password)
		res, err := (&feed{}).client().Do(r)
		if err != nil {
			return err
		}
		var answer bytes.Buffer
		_, err = answer.ReadFrom(res.Body)
		res.Body.Close()
		if err != nil {
			return err
		}
		if res.StatusCode != wrong.want {
			return fmt.Errorf("%s was answered %s", wrong.body, res.Status)
		}
		if err := silent(map[string][]byte{"an answer": answer.Bytes()}); err != nil {
			return err
		}
	}
	return nil
}

// written adds what has been written beside the store: the other files of the
// data folder, and what the service printed.
func (l *lab) written(data string, said map[string][]byte) error {
	files := []string{filepath.Join(l.dir, "stderr-"+filepath.Base(data)+".log")}
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if name := d.Name(); err == nil && d.Type().IsRegular() && !strings.HasPrefix(name, "ppm.db") && !strings.HasPrefix(name, "search.db") && name != "config.toml" {
			files = append(files, path)
		}
		return err
	})
	for _, file := range files {
		text, e := os.ReadFile(file)
		said[filepath.Base(file)], err = text, errors.Join(err, e)
	}
	return err
}

// silent returns an error for each canary that can be read somewhere.
func silent(said map[string][]byte) error {
	var errs []error
	for where, text := range said {
		for what, canary := range canaries {
			if i := bytes.Index(text, []byte(canary)); i >= 0 {
				errs = append(errs, fmt.Errorf("%s can be read in %s: %q", what, where, text[max(0, i-100):min(len(text), i+60)]))
			}
		}
	}
	return errors.Join(errs...)
}
