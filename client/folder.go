package client

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"processmanager/ppm"
)

type folderSettings struct {
	Path      string        `name:"path" help:"The folder, by its whole path. It has to be there: ppm does not make it, so that nothing goes into the place of a drive that is not connected." example:"/srv/crm/inbox"`
	Extension string        `name:"extension" help:"What the files' names end in. Without a word, what fits the content type: json, csv, xml, html or txt." example:"csv"`
	BOM       bool          `name:"bom" help:"Begin each file with a byte-order mark, by which Excel knows UTF-8." example:"true"`
	Timeout   time.Duration `name:"timeout" default:"30s" help:"How long writing one file may take." example:"10s"`
	payloadSettings
}

// A folderWay reaches a client that takes what it wants from a folder: one file for
// each delivery, named for the delivery's key.
type folderWay struct {
	path      string
	extension string
	bom       bool
	payload   payload
}

func openFolder(c ppm.Client, settings any, _ Options) (Way, Faults) {
	s := settings.(*folderSettings)
	var faults Faults
	f := folderWay{path: s.Path, extension: strings.TrimPrefix(s.Extension, "."), bom: s.BOM}
	switch {
	case s.Path == "":
		faults.add("path", "missing", "write the whole path of the folder")
	case !filepath.IsAbs(s.Path):
		faults.add("path", fmt.Sprintf("%q is not a whole path", s.Path), "write where it lies from the root or the drive on")
	}
	f.payload = newPayload(s.payloadSettings, c.Data, &faults)
	if f.extension == "" {
		f.extension = extensionOf(f.payload.contentType)
	}
	if !isExtension(f.extension) {
		faults.add("extension", fmt.Sprintf("%q cannot end a file's name", s.Extension), `write one to sixteen letters and digits, such as "csv", but not "part"`)
	}
	checkTimeout(&faults, s.Timeout)
	return f, faults
}

// extensionOf returns what names of files of that type end in.
func extensionOf(contentType string) string {
	kind, _, _ := strings.Cut(strings.ToLower(contentType), ";")
	kind = strings.TrimSpace(kind)
	for _, known := range []string{"json", "csv", "xml", "html"} {
		if strings.HasSuffix(kind, "/"+known) || strings.HasSuffix(kind, "+"+known) {
			return known
		}
	}
	return "txt"
}

// isExtension leaves nothing that could lead out of the folder, mean something
// to a system, or be taken for a file that is still being written.
func isExtension(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 16 && !strings.EqualFold(s, "part")
}

// Deliver puts one file into the folder: complete and on disk, or not at all.
func (f folderWay) Deliver(ctx context.Context, p ppm.Parcel) (ppm.Response, error) {
	content, err := f.payload.of(p)
	if err != nil {
		return ppm.Response{}, err
	}
	if f.bom {
		content = append([]byte("\xef\xbb\xbf"), content...)
	}
	name := p.Key + "." + f.extension
	path := filepath.Join(f.path, name)
	// Nothing breaks off a system call on a file, and a network drive that has
	// gone away must not hold up the caller for ever.
	done := make(chan error, 1)
	go func() { done <- putOnce(ctx, f.path, name, content) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return ppm.Response{}, fmt.Errorf("write %s: %w", path, f.inWords(err))
	}
	return ppm.Response{Excerpt: []byte(path)}, nil
}

// Close has nothing to let go of.
func (f folderWay) Close() error { return nil }

// inWords says what an operator can do about a file that was not written.
func (f folderWay) inWords(err error) error {
	info, staterr := os.Stat(f.path)
	switch {
	case errors.Is(err, errOther):
		return ppm.PermanentError{Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("it took too long (timeout): is it on a drive that has gone away?")
	case errors.Is(staterr, fs.ErrNotExist):
		return fmt.Errorf("there is no folder %s: make it, connect its drive, or change the setting path", f.path)
	case staterr == nil && !info.IsDir():
		return fmt.Errorf("%s is no folder: change the setting path", f.path)
	case isFull(err):
		return fmt.Errorf("the disk is full: make room: %w", err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("the account that ppm runs as may not write there: allow it: %w", err)
	}
	return err
}
