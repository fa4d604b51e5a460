package main

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"processmanager/ui"
)

const (
	runningName = "running.json" // in the data folder while serve runs
	tokenName   = "api-token"
)

// running is what a running service tells the commands beside it.
type running struct {
	PID         int       `json:"pid"`
	Since       time.Time `json:"since"`
	Version     string    `json:"version"`
	Receiver    string    `json:"receiver"`              // where to post, from this machine
	Username    string    `json:"username"`              // for it
	Certificate string    `json:"certificate,omitempty"` // file with the one to trust; empty: the system's will do
	Domain      string    `json:"domain,omitempty"`      // the name that the certificate is for, where it is not for this machine's own
	Dashboard   string    `json:"dashboard"`
	Token       string    `json:"token_file"`
}

// announce lets the commands find the service. What an earlier service left,
// one that was killed, is overwritten.
func (r running) announce(dir string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return writePrivate(filepath.Join(dir, runningName), append(b, '\n'))
}

// withdraw takes back what announce said.
func withdraw(dir string) error {
	err := os.Remove(filepath.Join(dir, runningName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// findRunning returns what a service announced; the service may be gone since.
func findRunning(dir string) (running, error) {
	var r running
	b, err := os.ReadFile(filepath.Join(dir, runningName))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("read %s: %w", runningName, err)
	}
	return r, nil
}

// remote returns the client of the service that was announced.
func (r running) remote() (*ui.Remote, error) {
	token, err := os.ReadFile(r.Token)
	if err != nil {
		return nil, fmt.Errorf("read the token of the running service: %w", err)
	}
	return ui.NewRemote(r.Dashboard, strings.TrimSpace(string(token)))
}

// newToken makes the token of the local API and writes it where only its owner
// can read it. Each start makes a new one, so that a token that a killed
// service left behind opens nothing.
func newToken(dir string) (token, file string, err error) {
	b := make([]byte, 32)
	rand.Read(b)
	token, file = hex.EncodeToString(b), filepath.Join(dir, tokenName)
	return token, file, writePrivate(file, []byte(token+"\n"))
}

// writePrivate writes a file, whole or not at all, for its owner's eyes.
func writePrivate(path string, b []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*") // made with 0600
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}
