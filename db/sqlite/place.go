package sqlite

import (
	"fmt"
	"os"
	"strings"

	"processmanager/db"
)

// checkPlace returns an error that wraps [db.ErrPlace], with a reason and
// advice, when a database in the folder dir would not be safe: on a network
// drive, where locks and fsync cannot be relied on, or in a folder that is kept
// in step with other computers, whose program copies the database and its log
// at different moments and puts older copies in their place. Links are followed:
// what counts is where the files really lie. dir must exist.
func checkPlace(dir string) error {
	where, err := resolve(dir)
	if err != nil {
		return fmt.Errorf("data folder %s: %w", dir, err)
	}
	drive, err := networkDrive(where)
	if err != nil {
		return fmt.Errorf("ask what kind of disk the data folder %s is on: %w", where, err)
	}
	environment := func(name string) string {
		value := os.Getenv(name)
		if real, err := resolve(value); value != "" && err == nil {
			return real
		}
		return value
	}
	return refusal(where, drive, syncedBy(where, environment, namesIn))
}

// refusal says why dir is not safe: for being on the network drive, or in the
// hands of the synchronizing service, whichever is not "".
func refusal(dir, drive, service string) error {
	const advice = "choose a folder on a disk of this computer with --data or PPM_DATA"
	switch {
	case drive != "":
		return fmt.Errorf("data folder %s is %w: it is on a network drive (%s), where notifications could be lost or the database damaged; %s",
			dir, db.ErrPlace, drive, advice)
	case service != "":
		return fmt.Errorf("data folder %s is %w: %s keeps this folder in step with other computers, which damages a database in use; %s",
			dir, db.ErrPlace, service, advice)
	}
	return nil
}

// namesIn returns the names of what is in dir, as far as one may know.
func namesIn(dir string) []string {
	f, err := os.Open(dir)
	if err != nil {
		return nil
	}
	defer f.Close()
	names, _ := f.Readdirnames(-1)
	return names
}

// syncedBy returns the name of the service that keeps the folder dir in step
// with other computers, or "". environment looks up environment variables and
// names lists a folder. It knows paths of all systems wherever it runs.
func syncedBy(dir string, environment func(string) string, names func(string) []string) string {
	for _, variable := range [...]string{"OneDrive", "OneDriveConsumer", "OneDriveCommercial"} {
		if root := environment(variable); root != "" && within(dir, root) {
			return "OneDrive"
		}
	}
	parts := split(dir)
	for i := range parts {
		if service := syncedFolder(parts[:i+1]); service != "" {
			return service
		}
	}
	for end := len(dir); end > 0; end = strings.LastIndexAny(dir[:end], `/\`) {
		folder := dir[:end]
		if strings.HasSuffix(folder, ":") {
			folder += `\` // G: alone is whatever folder is the current one there
		}
		for _, name := range names(folder) {
			if service := marker(name); service != "" {
				return service
			}
		}
	}
	return ""
}

// split returns the parts of a path in lower case, as the systems of most
// partners compare them.
func split(path string) []string {
	return strings.FieldsFunc(strings.ToLower(path), func(r rune) bool { return r == '/' || r == '\\' })
}

// within reports whether dir is root or below it.
func within(dir, root string) bool {
	d, r := split(dir), split(root)
	if len(r) == 0 || len(d) < len(r) {
		return false
	}
	for i := range r {
		if d[i] != r[i] {
			return false
		}
	}
	return true
}

// plainPath takes the prefix off that Windows puts before names of any length.
func plainPath(path string) string {
	if server, ok := strings.CutPrefix(path, `\\?\UNC\`); ok {
		return `\\` + server
	}
	return strings.TrimPrefix(path, `\\?\`)
}

// syncedFolders are names that such a service gives its folder.
var syncedFolders = map[string]string{
	"onedrive":         "OneDrive",
	"dropbox":          "Dropbox",
	"google drive":     "Google Drive",
	"googledrive":      "Google Drive",
	"icloud drive":     "iCloud Drive",
	"iclouddrive":      "iCloud Drive",
	"mobile documents": "iCloud Drive",
	"nextcloud":        "Nextcloud",
	"owncloud":         "ownCloud",
	"box sync":         "Box",
	"synologydrive":    "Synology Drive",
	"proton drive":     "Proton Drive",
	"pclouddrive":      "pCloud",
	"megasync":         "MEGA",
	"seafile":          "Seafile",
	"resilio sync":     "Resilio Sync",
}

// syncedFolder returns the service whose folder the path parts is by its last name.
func syncedFolder(parts []string) string {
	last := parts[len(parts)-1]
	before := func(back int) string {
		if i := len(parts) - 1 - back; i >= 0 {
			return parts[i]
		}
		return ""
	}
	home := before(2) == "users" || before(2) == "home"
	switch {
	case syncedFolders[last] != "":
		return syncedFolders[last]
	// A firm's name is added: "OneDrive - Loans Ltd", "Dropbox (Loans Ltd)", "Loans Ltd Dropbox".
	case strings.HasPrefix(last, "onedrive - "):
		return "OneDrive"
	case strings.HasPrefix(last, "dropbox ("), home && strings.HasSuffix(last, " dropbox"):
		return "Dropbox"
	// These are names others may use too, elsewhere.
	case home && last == "box":
		return "Box"
	case last == "my drive" && (len(parts) == 2 && strings.HasSuffix(parts[0], ":")):
		return "Google Drive"
	// macOS: ~/Library/CloudStorage/GoogleDrive-someone@loans.example
	case before(1) == "cloudstorage" && before(2) == "library":
		name, _, _ := strings.Cut(last, "-")
		if service := syncedFolders[name]; service != "" {
			return service
		}
		return name
	}
	return ""
}

// marker returns the service that leaves a file of that name at the top of the
// folder it looks after. Not among them is .dropbox, which Dropbox also keeps
// in the home folder, where nothing is synced.
func marker(name string) string {
	switch name {
	case ".dropbox.cache":
		return "Dropbox"
	case ".tmp.driveupload", ".tmp.drivedownload", ".shortcut-targets-by-id":
		return "Google Drive"
	case ".stfolder":
		return "Syncthing"
	case ".nextcloudsync.log":
		return "Nextcloud"
	case ".owncloudsync.log":
		return "ownCloud"
	}
	if strings.HasSuffix(name, ".db") && (strings.HasPrefix(name, ".sync_") || strings.HasPrefix(name, "._sync_")) {
		return "Nextcloud"
	}
	return ""
}
