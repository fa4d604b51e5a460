// Package client reaches the partner's programs: one file for each kind of
// client. It checks what a client is told about itself when that is saved, and
// makes single attempts; when to make one, and what to do when it fails, is the
// engine's business.
package client

import (
	"context"
	"fmt"
	"strings"
	"time"

	"processmanager/ppm"
)

// A Way is a way to reach one client, as the engine wants it.
//
// Deliver makes one attempt and returns when it is over, or soon after ctx has
// ended. A nil error means delivered; a [ppm.PermanentError] that no further
// attempt can help, a [ppm.LaterError] when to come back. No error names a
// secret. It may be called concurrently.
//
// Close lets go of what the way holds between attempts, such as idle
// connections. It is called once, after the last Deliver has returned.
type Way interface {
	Deliver(ctx context.Context, p ppm.Parcel) (ppm.Response, error)
	Close() error
}

// Options is what a way is told beside its client.
type Options struct {
	Version string // of ppm, for those who are told who calls
}

// A kind is what there is to know about one kind of client.
type kind struct {
	settings func() any // a pointer to a new struct as [read] wants it
	open     func(c ppm.Client, settings any, o Options) (Way, Faults)
}

// kinds is every kind there is.
var kinds = map[ppm.Kind]kind{
	ppm.WebAddress: {func() any { return new(webSettings) }, openWeb},
	ppm.Program:    {func() any { return new(programSettings) }, openProgram},
	ppm.Folder:     {func() any { return new(folderSettings) }, openFolder},
	ppm.Email:      {func() any { return new(emailSettings) }, openEmail},
}

// Open returns the way to c. It reaches nobody, so that it also serves to check
// a client that is to be saved: whatever is wrong with its kind, settings and
// secrets is reported at once, as [Faults], without any secret.
func Open(c ppm.Client, o Options) (Way, error) {
	k, err := kindOf(c.Kind)
	if err != nil {
		return nil, err
	}
	settings := k.settings()
	faults := read(c, settings)
	if len(faults) > 0 && !faults.onlyUnknown() {
		return nil, faults // the rest could not be told from what is missing
	}
	way, more := k.open(c, settings, o)
	if faults = append(faults, more...); len(faults) > 0 {
		return nil, faults
	}
	return way, nil
}

// Help returns the settings of a kind, secrets included, in the order in which
// to read about them; nil if there is no such kind.
func Help(k ppm.Kind) []Setting {
	known, err := kindOf(k)
	if err != nil {
		return nil
	}
	return describe(known.settings())
}

// Limit returns how long one attempt at c may take: its setting "timeout", or
// what its kind has for one when that is missing or cannot be read.
func Limit(c ppm.Client) time.Duration {
	k, err := kindOf(c.Kind)
	if err != nil {
		return time.Minute
	}
	settings := k.settings()
	read(c, settings)
	for f := range fields(settings) {
		if f.Name == "timeout" {
			return time.Duration(f.value.Int())
		}
	}
	return time.Minute
}

func kindOf(k ppm.Kind) (kind, error) {
	known, ok := kinds[k]
	if ok {
		return known, nil
	}
	var names []string
	for _, k := range []ppm.Kind{ppm.WebAddress, ppm.Program, ppm.Folder, ppm.Email} {
		if _, ok := kinds[k]; ok {
			names = append(names, fmt.Sprintf("%q", k))
		}
	}
	return kind{}, Faults{{"kind", fmt.Sprintf("%q is no kind of client", k), "choose one of " + strings.Join(names, ", ")}}
}

// checkTimeout says whether an attempt may take so long.
func checkTimeout(faults *Faults, d time.Duration) {
	if d < time.Second || d > time.Hour {
		faults.add("timeout", fmt.Sprintf("%s for one attempt", d), "write a time from 1s to 1h, such as 30s")
	}
}
