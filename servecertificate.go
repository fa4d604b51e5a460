package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"processmanager/config"
	"processmanager/ppm"
	"processmanager/receiver"
	"processmanager/ui"
)

// certificate returns where the receiver's certificate comes from, nil where
// the proxy in front has it.
func (s *service) certificate() (receiver.CertificateSource, error) {
	t := s.cfg.Receiver.TLS
	folder := filepath.Join(s.dir, "certs")
	files := receiver.FilesSettings{Cert: t.Cert, Key: t.Key, Password: t.Password.Reveal(), Domain: t.Domain}
	switch t.Mode {
	case config.ModeSelfSigned:
		return receiver.OpenSelfSigned(folder, t.Domain, s.log)
	case config.ModeFiles:
		return receiver.OpenCertificateFiles(files, s.log)
	case config.ModeAutocert:
		return receiver.OpenAutocert(receiver.AutocertSettings{
			Folder: folder, Domain: t.Domain, Directory: t.CADirectory, Root: t.CARoot, HTTPListen: t.HTTPListen, Own: files,
		}, s.log)
	case config.ModeProxy:
		return nil, nil
	}
	return nil, fmt.Errorf("receiver.tls.mode: %q is not in this version", t.Mode)
}

// certificateShown is the status of source as the dashboard and the commands have it.
func certificateShown(source receiver.CertificateSource) ui.Certificate {
	c := source.CertificateStatus()
	shown := ui.Certificate{
		Mode: c.Mode, File: c.File, Names: c.Names, Issuer: c.Issuer, From: c.NotBefore, Until: c.NotAfter,
		SHA256: c.SHA256, Alarm: c.Alarm, Error: c.Error, Warnings: c.Warnings,
	}
	if i := c.Issuance; i != nil {
		issuance := ui.Issuance(*i)
		shown.Issuance = &issuance
	}
	return shown
}

// renewal returns what orders a certificate at once, nil where source does not
// order any.
func (s *service) renewal(source receiver.CertificateSource) func(context.Context, string) (ui.Certificate, error) {
	a, ok := source.(*receiver.Autocert)
	if !ok {
		return nil
	}
	return func(ctx context.Context, by string) (ui.Certificate, error) {
		action := ppm.Action{At: time.Now(), By: by, What: "certificate renewal tried", About: s.cfg.Receiver.TLS.Domain}
		if err := s.store.Audit(ctx, action); err != nil {
			return ui.Certificate{}, err
		}
		err := a.Renew(ctx)
		return certificateShown(a), err
	}
}
