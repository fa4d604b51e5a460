package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"

	"processmanager/clearmatch"
	"processmanager/db/sqlite"
	"processmanager/receiver"
)

// serveInProcess is what ppm serve does to receive, put together here because
// ppm itself writes no profiles: receiver, decoder and store, with the access
// log going to a file.
func serveInProcess(ctx context.Context, args []string) (err error) {
	f := flag.NewFlagSet("inprocess", flag.ContinueOnError)
	dir := f.String("data", "", "data folder")
	prefix := f.String("profile", "", "write profiles to PREFIX.cpu and PREFIX.allocs")
	if err := f.Parse(args); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	store, err := sqlite.Open(sqlite.Options{Dir: *dir, Log: log})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	access, err := os.Create(filepath.Join(*dir, "access.log"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, access.Close()) }()
	certificate, err := receiver.OpenSelfSigned(filepath.Join(*dir, "certs"), "", log)
	if err != nil {
		return err
	}
	credentials, err := receiver.NewCredentials(username, password)
	if err != nil {
		return err
	}
	server := receiver.New(receiver.Options{
		Path: "/notifications", Credentials: credentials,
		Journal: store, Parse: clearmatch.Parse, Log: log, Access: access,
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	stop, err := profiled(*prefix)
	if err != nil {
		return err
	}
	fmt.Printf("ready receiver=https://%s/notifications\n", listener.Addr())
	return errors.Join(server.Serve(ctx, listener, receiver.TLSConfig(certificate)), stop())
}
