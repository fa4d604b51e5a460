package secret

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// CredentialName is how a credential with the master key is called where the
// system lends one to its services; see systemd.exec(5), LoadCredentialEncrypted=.
const CredentialName = "ppm-master-key"

// credentialFile returns where the credential is, "" if none is lent.
func credentialFile(environ []string) string {
	for _, e := range environ {
		if dir, ok := strings.CutPrefix(e, "CREDENTIALS_DIRECTORY="); ok && dir != "" {
			file := filepath.Join(dir, CredentialName)
			if _, err := os.Stat(file); err == nil {
				return file
			}
		}
	}
	return ""
}

func readCredential(file string) (ring, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r, err := parse(text)
	if err != nil {
		return nil, fmt.Errorf("the credential %s: %w", CredentialName, err)
	}
	return r, nil
}
