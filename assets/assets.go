// Package assets holds the style sheet, the script and the icons, and serves each
// under a name that carries a hash of its contents, so that a browser may keep it
// for ever and still never sees an old one.
package assets

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"
)

//go:embed *.css *.js *.svg
var files embed.FS

// Prefix is where [Handler] expects to be mounted.
const Prefix = "/assets/"

var (
	addresses = map[string]string{} // "app.css" to "/assets/app-1f2e3d4c.css"
	contents  = map[string][]byte{} // and that address to the bytes
)

func init() {
	names, err := fs.Glob(files, "*")
	if err != nil {
		panic(err)
	}
	for _, name := range names {
		b, err := files.ReadFile(name)
		if err != nil {
			panic(err)
		}
		sum := sha256.Sum256(b)
		ext := path.Ext(name)
		address := Prefix + strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:4]) + ext
		addresses[name], contents[address] = address, b
	}
}

// Path returns the address of the asset with that name. It panics when there is
// none, so that a misspelt name fails the first test of its page.
func Path(name string) string {
	address, ok := addresses[name]
	if !ok {
		panic(fmt.Sprintf("assets: there is no %q", name))
	}
	return address
}

// Handler serves the assets, and 404 for any address that [Path] doesn't return.
func Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, ok := contents[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		http.ServeContent(w, r, r.URL.Path, time.Time{}, bytes.NewReader(b))
	})
}
