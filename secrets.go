package main

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"processmanager/clearmatch"
	"processmanager/config"
	"processmanager/receiver"
	"processmanager/secret"
	"processmanager/ui"
)

// secrets is what of a service waits while the master key is not at hand, and
// goes on once it is. Receiving is not among it.
type secrets struct {
	vault  vault
	api    *api // nil: none is configured
	log    *slog.Logger
	opened chan struct{}
}

func newSecrets(v vault, a *api, log *slog.Logger) *secrets {
	return &secrets{vault: v, api: a, log: log, opened: make(chan struct{}, 1)}
}

// Fetching implements [pipeline.Secrets].
func (s *secrets) Fetching() bool { return s.api == nil || s.api.ready() == nil }

// Opened implements [pipeline.Secrets].
func (s *secrets) Opened() <-chan struct{} { return s.opened }

// keyEvery is how often a master key is looked for that is waited for.
const keyEvery = 2 * time.Second

// Run looks for the master key as long as something waits for it.
func (s *secrets) Run(ctx context.Context) error {
	for waited := 0; ; {
		w, err := s.waiting(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil: // the store cannot tell now
		case w == nil && waited > 0:
			s.log.Info("the secrets can be read again")
			s.hint()
			return nil
		case w == nil:
			return nil
		case waited == 0:
			s.log.Error("waiting for secrets; everything else goes on", "err", w.Error, "waiting", strings.Join(w.Waiting, ", "))
			waited = len(w.Waiting)
		case len(w.Waiting) != waited:
			waited = len(w.Waiting)
			s.hint()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(keyEvery):
		}
	}
}

func (s *secrets) hint() {
	select {
	case s.opened <- struct{}{}:
	default:
	}
}

// waiting returns what waits for secrets, nil where nothing does.
func (s *secrets) waiting(ctx context.Context) (*ui.Secrets, error) {
	clients, err := s.vault.Store.Clients(ctx)
	if err != nil {
		return nil, err
	}
	w := &ui.Secrets{}
	if s.api != nil {
		if err := s.api.ready(); err != nil {
			w.Waiting, w.Error = append(w.Waiting, fetching), err.Error()
		}
	}
	for _, c := range clients {
		if c.Removed != nil {
			continue
		}
		if _, err := s.vault.open(c); err != nil {
			w.Waiting, w.Error = append(w.Waiting, c.Name), err.Error()
		}
	}
	if w.Waiting == nil {
		return nil, nil
	}
	return w, nil
}

// An api fetches applications, with a secret that is opened when it can be.
type api struct {
	settings clearmatch.APISettings // its secret as it is kept
	keys     *secret.Keys

	mu   sync.Mutex
	made *clearmatch.API
}

const clientSecretKey = "clearmatch.client_secret"

// newAPI returns the API that the settings name, nil if they name none.
func newAPI(c config.Clearmatch, keys *secret.Keys) (*api, error) {
	if c.APIBase == "" {
		return nil, nil
	}
	a := &api{keys: keys, settings: clearmatch.APISettings{
		Base: c.APIBase, TokenURL: c.TokenURL, ClientID: c.ClientID, ClientSecret: c.ClientSecret.Reveal(), Scope: c.Scope,
	}}
	if _, err := clearmatch.NewAPI(a.settings); err != nil {
		return nil, fmt.Errorf("clearmatch.api_base, clearmatch.token_url: %w", err)
	}
	return a, nil
}

// ready returns why the API cannot be asked yet, or nil.
func (a *api) ready() error {
	_, err := a.open()
	return err
}

func (a *api) open() (*clearmatch.API, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.made != nil {
		return a.made, nil
	}
	text, err := a.keys.Open(clientSecretKey, a.settings.ClientSecret)
	if err != nil {
		return nil, err
	}
	opened := a.settings
	opened.ClientSecret = text
	a.made, err = clearmatch.NewAPI(opened)
	return a.made, err
}

// Fetch implements [pipeline.Fetcher].
func (a *api) Fetch(ctx context.Context, content string) ([]byte, error) {
	open, err := a.open()
	if err != nil {
		return nil, err
	}
	return open.Fetch(ctx, content)
}

// sealSecrets makes a master key where there has never been one, and encrypts
// what is still kept as text. What cannot be done now stands in nobody's way.
func sealSecrets(ctx context.Context, dir string, cfg config.Config, v vault, log *slog.Logger) {
	if v.keys.Missing() {
		needed, err := needsKey(ctx, cfg, v)
		if err == nil && !needed {
			err = v.keys.Make()
		}
		if err != nil {
			log.Error("no master key could be made; secrets stay as they are", "err", err)
		}
	}
	n, err := v.seal(ctx)
	if err != nil {
		log.Error("the secrets of clients could not be encrypted", "err", err)
	}
	if n > 0 {
		log.Info("the secrets of clients are encrypted now", "clients", n)
	}
	for key, text := range cfg.SecretsInFile() {
		if err := sealSetting(dir, key, text.Reveal(), v.keys); err != nil {
			log.Error("a secret stays as text in config.toml", "setting", key, "err", err)
		}
	}
}

// needsKey reports whether something is encrypted already: then a master key
// that is missing is waited for, and no other one made.
func needsKey(ctx context.Context, cfg config.Config, v vault) (bool, error) {
	for _, text := range cfg.SecretsInFile() {
		if secret.Sealed(text.Reveal()) {
			return true, nil
		}
	}
	return v.holdsSealed(ctx)
}

// sealSetting writes a secret to config.toml again as [protected] says, unless it
// is so already.
func sealSetting(dir, key, text string, keys *secret.Keys) error {
	if !isPassword(key) && keys.Current(text) {
		return nil
	}
	opened, err := keys.Open(key, text)
	if err != nil {
		return nil // it waits, and whoever needs it tells
	}
	kept, err := protected(key, opened, keys)
	if err != nil || kept == text {
		return err
	}
	return config.Set(dir, key, kept)
}

// protected returns what is written to config.toml in place of a secret: of a
// password that the receiver compares with a verifier, of others the text
// sealed; but what the receiver needs as text stays text, since receiving must
// not depend on the master key.
func protected(key, text string, keys *secret.Keys) (string, error) {
	switch {
	case isPassword(key):
		if text == "" || receiver.IsVerifier(text) {
			return text, nil
		}
		return verifier(text)
	case text == "", strings.HasPrefix(key, "receiver."):
		return text, nil
	}
	return keys.Seal(key, text)
}
