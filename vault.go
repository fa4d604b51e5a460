package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"processmanager/db"
	"processmanager/ppm"
	"processmanager/secret"
)

// A vault is a store in which the secrets of clients are sealed: what is
// beneath it never sees one. While their master key is not at hand, a client
// is told to be waiting for its secrets, which are then as they are kept.
type vault struct {
	db.Store
	keys *secret.Keys
}

// placeOf is what a client's secret is sealed for.
func placeOf(name string) string { return "client " + name }

// Clients implements [db.Clients].
func (v vault) Clients(ctx context.Context) ([]ppm.Client, error) {
	all, err := v.Store.Clients(ctx)
	if err != nil {
		return nil, err
	}
	for i := range all {
		all[i], _ = v.open(all[i])
	}
	return all, nil
}

// open returns c with its secrets opened; if one cannot be, with all of them as
// they are, and why.
func (v vault) open(c ppm.Client) (ppm.Client, error) {
	opened := make(map[string]string, len(c.Secrets))
	for name, sealed := range c.Secrets {
		text, err := v.keys.Open(placeOf(name), sealed)
		if err != nil {
			c.WaitsForSecrets = true
			return c, err
		}
		opened[name] = text
	}
	c.Secrets = opened
	return c, nil
}

// SaveClient implements [db.Clients]. A secret that has not changed stays as it
// is kept, so that the audit log does not say that it has.
func (v vault) SaveClient(ctx context.Context, c ppm.Client, by string) (int64, error) {
	kept := map[string]string{}
	if c.Number != 0 {
		all, err := v.Store.Clients(ctx)
		if err != nil {
			return 0, err
		}
		for _, old := range all {
			if old.Number == c.Number {
				kept = old.Secrets
			}
		}
	}
	secrets := maps.Clone(c.Secrets)
	for name, text := range secrets {
		if secret.Sealed(text) {
			if _, err := v.keys.Open(placeOf(name), text); err != nil {
				return 0, unreadable(c, err)
			}
			continue
		}
		if old := kept[name]; v.keys.Current(old) {
			if same, err := v.keys.Open(placeOf(name), old); err == nil && same == text {
				secrets[name] = old
				continue
			}
		}
		sealed, err := v.keys.Seal(placeOf(name), text)
		if err != nil {
			return 0, fmt.Errorf("client %s: %w", c.Name, err)
		}
		secrets[name] = sealed
	}
	c.Secrets = secrets
	return v.Store.SaveClient(ctx, c, by)
}

// unreadable returns what to tell who wants to do something for which the
// secrets of c are needed, and they cannot be read.
func unreadable(c ppm.Client, err error) error {
	return fmt.Errorf("the secrets of the client %s cannot be read now: %w; or, if that key is lost, \"ppm secrets new-key\" and then give all of them anew", c.Name, err)
}

// readable returns why what is kept of a secret of c cannot be read, or nil.
func (v vault) readable(c ppm.Client) error {
	for name, text := range c.Secrets {
		if _, err := v.keys.Open(placeOf(name), text); err != nil {
			return unreadable(c, err)
		}
	}
	return nil
}

// sealer is in the audit log for what [vault.seal] changes.
const sealer = "ppm, to encrypt the secrets"

// seal seals what is still kept as text, or under a key that seals no more, and
// says of how many clients.
func (v vault) seal(ctx context.Context) (n int, err error) {
	all, err := v.Store.Clients(ctx)
	if err != nil {
		return 0, err
	}
	for _, kept := range all {
		if kept.Removed != nil || !v.stale(kept) {
			continue
		}
		c, err := v.open(kept)
		if err != nil {
			continue // it waits
		}
		if _, err := v.SaveClient(ctx, c, sealer); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}

// stale reports whether a secret of c is not sealed with the present key.
func (v vault) stale(c ppm.Client) bool {
	for _, text := range c.Secrets {
		if !v.keys.Current(text) {
			return true
		}
	}
	return false
}

// holdsSealed reports whether there is something for which the master key is needed.
func (v vault) holdsSealed(ctx context.Context) (bool, error) {
	all, err := v.Store.Clients(ctx)
	return slices.ContainsFunc(all, func(c ppm.Client) bool {
		return slices.ContainsFunc(slices.Collect(maps.Values(c.Secrets)), secret.Sealed)
	}), err
}
