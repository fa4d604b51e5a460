package receiver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/crypto/acme/autocert"
)

// A certFolder is a folder for what one authority has issued, and for the key of the
// account with it. What cannot be written is kept in memory and written later:
// a certificate that was issued is served in any case.
type certFolder struct {
	dir string

	mu      sync.Mutex
	data    map[string][]byte // as autocert has it: the key and the chain, PEM
	unsaved map[string]bool
	err     error // why there is something unsaved
}

// newCertFolder returns the folder for the authority with that directory below
// folder: what one on trial has issued must not be taken for another's.
func newCertFolder(folder, directory string) *certFolder {
	_, name, _ := strings.Cut(directory, "://")
	name = strings.Map(func(r rune) rune {
		if strings.ContainsRune("abcdefghijklmnopqrstuvwxyz0123456789.-", r) {
			return r
		}
		return '-'
	}, strings.ToLower(name))
	return &certFolder{
		dir:     filepath.Join(folder, name[:min(len(name), 100)]),
		data:    make(map[string][]byte),
		unsaved: make(map[string]bool),
	}
}

// path is where the thing of that name lies.
func (f *certFolder) path(name string) string { return filepath.Join(f.dir, name+".pem") }

// certificate returns what was issued for domain and kept under that name; nil
// when nothing was.
func (f *certFolder) certificate(name, domain string) (*tls.Certificate, error) {
	data, err := f.get(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	p, err := parsePEM(data)
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s %w", f.path(name), err)
	case len(p.certs) == 0 || len(p.keys) != 1:
		return nil, fmt.Errorf("%s should hold a key and a certificate", f.path(name))
	case !fits(p.keys[0], p.certs[0]):
		return nil, fmt.Errorf("%s: key and certificate do not belong together", f.path(name))
	}
	if err := checkName(p.certs[0], domain); err != nil {
		return nil, fmt.Errorf("%s: %w", f.path(name), err)
	}
	return tlsCertificate(p.certs, p.keys[0]), nil
}

func (f *certFolder) get(name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if data, ok := f.data[name]; ok {
		return data, nil
	}
	data, err := os.ReadFile(f.path(name))
	if err == nil {
		f.data[name] = data
	}
	return data, err
}

func (f *certFolder) put(name string, data []byte) {
	f.mu.Lock()
	f.data[name], f.unsaved[name] = data, true
	f.mu.Unlock()
	f.save()
}

// save writes what has not been written yet.
func (f *certFolder) save() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.unsaved) == 0 {
		return
	}
	err := os.MkdirAll(f.dir, 0o700)
	for _, name := range slices.Sorted(maps.Keys(f.unsaved)) {
		if err == nil {
			err = writeWhole(f.path(name), f.data[name], 0o600)
		}
		if err == nil {
			delete(f.unsaved, name)
		}
	}
	f.err = nil
	if err != nil {
		f.err = fmt.Errorf("the new certificate is served but cannot be kept, and a restart would lose it: %w: "+
			"let the account that runs ppm write to %s", err, f.dir)
	}
}

// trouble returns why something has not been written.
func (f *certFolder) trouble() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.err
}

// An orderCache is what an order's Manager takes for its cache. As long as the
// order lasts it has no certificates, or they would not be ordered; afterwards
// it has the present ones.
type orderCache struct {
	*certFolder
	talk *talk
}

// Get implements [autocert.Cache].
func (c orderCache) Get(_ context.Context, name string) ([]byte, error) {
	account := strings.HasPrefix(name, "acme_account")
	if !account && !c.talk.over() {
		return nil, autocert.ErrCacheMiss
	}
	data, err := c.get(name)
	if p, e := parsePEM(data); account && (err != nil || e != nil || len(p.keys) != 1) {
		return nil, autocert.ErrCacheMiss // another account is easily made
	}
	return data, err
}

// Put implements [autocert.Cache]. It never fails: the order goes on, and the
// status tells. Answers to challenges are not kept; the Manager has them in memory.
func (c orderCache) Put(_ context.Context, name string, data []byte) error {
	if !strings.HasSuffix(name, "+token") && !strings.HasSuffix(name, "+http-01") {
		c.put(name, data)
	}
	return nil
}

// Delete implements [autocert.Cache]. Only answers to challenges are deleted.
func (c orderCache) Delete(context.Context, string) error { return nil }
