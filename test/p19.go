//go:build linux

package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// canaries are what must be written nowhere but, where it is personal data, in
// the store and its backups. Each is unlike anything that the program writes itself.
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

// secrets are those of the canaries that must not be readable in the store, the
// settings and the backups, either.
var secrets = []string{"the API's secret", "the API's token", "a client's token", "a client's password", "a query in an address", "a wrong password", "the password of the sender"}

// p19 sends secrets and personal data along every way there is, good and bad,
// and then looks for them where they have no business.
func p19(l *lab) error {
	platform, err := l.newPlatform(canaries["the API's secret"], canaries["the API's token"], `{"status":"Posted","borrower":"`+canaries["a borrower's name"]+`"}`)
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
	kept := map[string][]byte{}
	if err := l.backups(data, kept); err != nil {
		return err
	}
	if err := service.stop(); err != nil {
		return err
	}
	l.done++
	if err := l.written(data, said, kept); err != nil {
		return err
	}
	l.figure("canaries", len(canaries), "")
	l.figure("places searched", len(said)+len(kept), "")
	return errors.Join(silent(said, slices.Collect(maps.Keys(canaries))...), silent(kept, secrets...), personal(kept))
}

// backups has one made without a passphrase and one with, and adds what is in
// the former, and the latter as it is.
func (l *lab) backups(data string, kept map[string][]byte) error {
	passphrase := filepath.Join(l.dir, "passphrase")
	if err := os.WriteFile(passphrase, []byte("correct horse battery staple\n"), 0o600); err != nil {
		return err
	}
	plain, sealed := filepath.Join(l.dir, "plain.tar.gz"), filepath.Join(l.dir, "sealed.age")
	for _, args := range [][]string{{"backup", "--to", plain}, {"backup", "--to", sealed, "--passphrase-file", passphrase}} {
		if _, err := l.ppm(data, args...); err != nil {
			return err
		}
	}
	text, err := os.ReadFile(sealed)
	if err != nil {
		return err
	}
	kept["an encrypted backup"] = text
	f, err := os.Open(plain)
	if err != nil {
		return err
	}
	defer f.Close()
	unpacked, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	for archive := tar.NewReader(unpacked); ; {
		h, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if text, err = io.ReadAll(archive); err != nil {
			return err
		}
		if bytes.Contains(text, []byte("PRIVATE KEY")) {
			return fmt.Errorf("a key of a certificate can be read in a backup without a passphrase: %s", h.Name)
		}
		kept["a backup: "+h.Name] = text
	}
}

// personal returns an error unless the canaries that are personal are found in
// the store and its backup: a search that finds nothing anywhere shows nothing.
func personal(kept map[string][]byte) error {
	var errs []error
	for _, where := range []string{"ppm.db", "a backup: ppm.db"} {
		for _, what := range []string{"a borrower's name", "what a body says"} {
			if !bytes.Contains(kept[where], []byte(canaries[what])) {
				errs = append(errs, fmt.Errorf("%s is not found in %s, where it belongs", what, where))
			}
		}
	}
	return errors.Join(errs...)
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
	s, err := l.newSinks()
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
		n := talkative{nth(i), canaries["what a body says"]}
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
		if err := silent(map[string][]byte{"an answer": answer.Bytes()}, slices.Collect(maps.Keys(canaries))...); err != nil {
			return err
		}
	}
	return nil
}

// written adds what has been written: to kept what is in the store, and to said
// the other files of the data folder and what the service printed.
func (l *lab) written(data string, said, kept map[string][]byte) error {
	add := func(to map[string][]byte, file string) error {
		text, err := os.ReadFile(file)
		to[filepath.Base(file)] = text
		return err
	}
	err := filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		if name := d.Name(); strings.HasPrefix(name, "ppm.db") || strings.HasPrefix(name, "search.db") {
			return add(kept, path)
		}
		return add(said, path)
	})
	return errors.Join(err, add(said, filepath.Join(l.dir, "stderr-"+filepath.Base(data)+".log")))
}

// silent returns an error for each of these canaries that can be read somewhere.
func silent(said map[string][]byte, which ...string) error {
	var errs []error
	for where, text := range said {
		for _, what := range which {
			canary := canaries[what]
			if i := bytes.Index(text, []byte(canary)); i >= 0 {
				errs = append(errs, fmt.Errorf("%s can be read in %s: %q", what, where, text[max(0, i-100):min(len(text), i+60)]))
			}
		}
	}
	return errors.Join(errs...)
}
