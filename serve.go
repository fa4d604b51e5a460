package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"processmanager/clearmatch"
	"processmanager/client"
	"processmanager/config"
	"processmanager/db"
	"processmanager/db/sqlite"
	"processmanager/pipeline"
	"processmanager/receiver"
	"processmanager/secret"
	"processmanager/ui"
)

type serveCmd struct{}

func (serveCmd) Help() string {
	return `Receives notifications until it is interrupted. When everything is listening it
prints one line to standard output:

    ready receiver=https://127.0.0.1:8443/notifications dashboard=http://127.0.0.1:8484/

The first start makes the data folder, a certificate and a password, and tells
on standard error what to give Clearmatch. An interrupt ends it once the
requests in hand are answered; a second one ends it at once.

Examples:

    ppm serve
    ppm serve --data /srv/ppm`
}

// Run runs ppm serve.
func (*serveCmd) Run(p *program) error { return p.serve(false) }

// startCmd is ppm without a command.
type startCmd struct{}

// Run runs ppm.
func (*startCmd) Run(p *program) error { return p.serve(true) }

// serve composes the service and runs it until the context ends; forPerson says
// that a person looks on.
func (p *program) serve(forPerson bool) error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	if err := config.Prepare(dir); err != nil {
		return err
	}
	cfg, err := p.settings(dir)
	if err != nil {
		return err
	}
	tuneMemory(p)
	log, fileLog, access, closeLogs := logs(dir, p.stderr)
	defer closeLogs()

	store, err := p.openToServe(dir, log)
	if err != nil {
		return err
	}
	v := vault{store, secret.Open(dir, p.environ)}
	sealSecrets(p, dir, cfg, v, log)
	s := &service{program: p, dir: dir, cfg: cfg, store: v, log: log, access: access, forPerson: forPerson}
	err = errors.Join(s.run(), store.Close())
	if err != nil {
		fileLog.Error("service ended", "err", err)
		return err
	}
	log.Info("service ended")
	return nil
}

// openToServe opens the store, with patience if a short command has it open,
// but without if another service has.
func (p *program) openToServe(dir string, log *slog.Logger) (db.Store, error) {
	return waitForLock(p, p.say, func() (db.Store, error) {
		store, err := sqlite.Open(sqlite.Options{Dir: dir, Log: log})
		if err == nil {
			return store, nil
		}
		if errors.Is(err, db.ErrInUse) {
			if other, e := attach(p, dir); e == nil {
				other.Close()
				return nil, fmt.Errorf("ppm is running on %s already; \"ppm status\" tells more", dir)
			}
		}
		return nil, err
	})
}

// A service is what runs under ppm serve.
type service struct {
	*program
	dir       string
	cfg       config.Config
	store     vault
	log       *slog.Logger
	access    io.Writer
	forPerson bool
}

// run brings everything up, tells so, and waits for the end.
func (s *service) run() error {
	if err := withdraw(s.dir); err != nil { // what a killed service left
		return err
	}
	token, tokenFile, err := newToken(s.dir)
	if err != nil {
		return err
	}
	certificate, err := s.certificate()
	if err != nil {
		return err
	}
	password := s.cfg.Receiver.Password.Reveal()
	generated := password == ""
	if generated {
		password = receiver.GeneratePassword()
	}
	in, err := s.receiver(password)
	if err != nil {
		return err
	}
	inward, err := listen("receiver.listen", s.cfg.Receiver.Listen)
	if err != nil {
		return err
	}
	defer inward.Close()
	dashboard, err := listen("dashboard.listen", s.cfg.Dashboard.Listen)
	if err != nil {
		return err
	}
	defer dashboard.Close()

	here := running{
		PID: os.Getpid(), Since: time.Now().UTC().Truncate(time.Second), Version: version(),
		Receiver: s.receiverURL(inward.Addr()), Username: s.cfg.Receiver.Username,
		Dashboard: "http://" + dashboard.Addr().String() + "/", Token: tokenFile,
	}
	switch s.cfg.Receiver.TLS.Mode {
	case config.ModeSelfSigned:
		here.Certificate = certificate.CertificateStatus().File
	case config.ModeFiles:
		here.Domain = s.cfg.Receiver.TLS.Domain
	}
	fetch, err := newAPI(s.cfg.Clearmatch, s.store.keys)
	if err != nil {
		return err
	}
	backups := backupMaker(s.dir, s.cfg, s.store, s.log)
	planned := schedule(backups, s.cfg.Backup)
	waits := newSecrets(s.store, fetch, s.log)
	work := s.pipeline(fetch, waits)
	if err := work.Prepare(s); err != nil {
		return err
	}
	local := ui.New(ui.Options{Store: desk{s.store, backups}, Token: token, Log: s.log, Status: func(ctx context.Context) (ui.Status, error) {
		st, err := status(ctx, s.store, s.dir, &here)
		if err == nil {
			st.Secrets, err = waits.waiting(ctx)
		}
		if planned != nil {
			next := planned.Next().UTC()
			st.Backup.Next = &next
		}
		if certificate != nil {
			c := certificate.CertificateStatus()
			st.Certificate = &ui.Certificate{Names: c.Names, Until: c.NotAfter, SHA256: c.SHA256, Error: c.Error, Warnings: c.Warnings}
		}
		return st, err
	}})

	group, ctx := errgroup.WithContext(s)
	group.Go(func() error {
		if certificate == nil {
			return in.Serve(ctx, inward, nil)
		}
		return in.Serve(ctx, inward, receiver.TLSConfig(certificate))
	})
	if certificate != nil {
		group.Go(func() error { return certificate.Run(ctx) })
	}
	group.Go(func() error { return work.Run(ctx) })
	group.Go(func() error { return waits.Run(ctx) })
	if planned != nil {
		group.Go(func() error { return planned.Run(ctx) })
	}
	group.Go(func() error { return local.Serve(ctx, dashboard) })
	group.Go(func() error { return s.tell(here, password, generated) })
	err = group.Wait()
	return errors.Join(err, withdraw(s.dir))
}

// tell lets everybody know that the service is up: the commands, the log, the
// person, and last whoever waits for the ready line.
func (s *service) tell(here running, password string, generated bool) error {
	if generated {
		if err := config.Set(s.dir, "receiver.password", receiver.Verifier(password, true)); err != nil {
			return fmt.Errorf("keep the password made: %w", err)
		}
	}
	if err := here.announce(s.dir); err != nil {
		return err
	}
	s.log.Info("service started", "version", here.Version, "data", s.dir, "receiver", here.Receiver, "dashboard", here.Dashboard)
	if generated {
		fmt.Fprint(s.stderr, firstStart(here, s.dir, s.cfg, password))
	}
	fmt.Fprintf(s.stdout, "ready receiver=%s dashboard=%s\n", here.Receiver, here.Dashboard)
	if s.forPerson {
		ppm := called(os.Args[0])
		fmt.Fprintf(s.stderr, "Receiving. In another terminal: %s status, %s list. Ctrl-C stops it.\n", ppm, ppm)
	}
	return nil
}

func (s *service) receiver(password string) (*receiver.Server, error) {
	c := s.cfg.Receiver
	var previous []string
	if old := c.PreviousPassword.Reveal(); old != "" {
		previous = append(previous, old)
	}
	credentials, err := receiver.NewCredentials(c.Username, password, previous...)
	if err != nil {
		return nil, fmt.Errorf("receiver.username, receiver.password: %w", err)
	}
	return receiver.New(receiver.Options{
		Path:           c.Path,
		Credentials:    credentials,
		Journal:        s.store,
		Parse:          clearmatch.Parse,
		Proxied:        c.TLS.Mode == config.ModeProxy,
		MaxConnections: c.MaxConnections,
		MaxPerAddress:  c.MaxConnectionsPerAddress,
		Log:            s.log,
		Access:         s.access,
	}), nil
}

// pipeline returns what happens after the acknowledgement.
func (s *service) pipeline(fetch *api, waits *secrets) *pipeline.Pipeline {
	o := pipeline.Options{Store: s.store, Open: openWay, Secrets: waits, Limit: client.Limit, Retention: retention(s.cfg.Retention), Log: s.log}
	if fetch != nil {
		o.Fetch = fetch
	}
	return pipeline.New(o)
}

// certificate returns where the receiver's certificate comes from, nil where
// the proxy in front has it.
func (s *service) certificate() (receiver.CertificateSource, error) {
	t := s.cfg.Receiver.TLS
	switch t.Mode {
	case config.ModeSelfSigned:
		return receiver.OpenSelfSigned(filepath.Join(s.dir, "certs"), t.Domain, s.log)
	case config.ModeFiles:
		return receiver.OpenCertificateFiles(receiver.FilesSettings{
			Cert: t.Cert, Key: t.Key, Password: t.Password.Reveal(), Domain: t.Domain,
		}, s.log)
	case config.ModeProxy:
		return nil, nil
	}
	return nil, fmt.Errorf("receiver.tls.mode: %q is not in this version", t.Mode)
}

// listen opens an address from the settings, whose key is for the complaint.
func listen(key, address string) (net.Listener, error) {
	ln, err := net.Listen("tcp", address)
	if err == nil {
		return ln, nil
	}
	var reason *net.OpError
	if errors.As(err, &reason) {
		err = reason.Err
	}
	remedy := "choose another with \"ppm config set " + key + " ADDRESS:PORT\""
	if errors.Is(err, fs.ErrPermission) {
		remedy = "this account may not use that port; choose one from 1024 on with \"ppm config set " + key + " ADDRESS:PORT\", or allow it"
	}
	return nil, fmt.Errorf("%s: cannot listen on %s (%w); %s", key, address, err, remedy)
}

// receiverURL is how this machine itself reaches the receiver.
func (s *service) receiverURL(a net.Addr) string {
	scheme := "https"
	if s.cfg.Receiver.TLS.Mode == config.ModeProxy {
		scheme = "http"
	}
	address := *a.(*net.TCPAddr)
	if address.IP.IsUnspecified() {
		address.IP = net.IPv4(127, 0, 0, 1)
	}
	return scheme + "://" + address.String() + s.cfg.Receiver.Path
}
