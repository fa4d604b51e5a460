package secret

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// entropy is mixed in, so that another program of the same account does not
// open the file by chance, as one that tries all it finds does.
const entropy = "Partner Process Manager, master key, v1"

// protect has the system encrypt text for the account that runs this process.
// Nobody else's, and no other machine, can decrypt it.
func protect(text []byte) ([]byte, error) {
	var out windows.DataBlob
	err := windows.CryptProtectData(blob(text), nil, blob([]byte(entropy)), 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	if err != nil {
		return nil, fmt.Errorf("encrypt for this account of Windows: %w", err)
	}
	return taken(out)
}

// unprotect decrypts what protect returned.
func unprotect(b []byte) ([]byte, error) {
	if len(b) == 0 {
		return nil, errors.New("it is empty")
	}
	var out windows.DataBlob
	err := windows.CryptUnprotectData(blob(b), nil, blob([]byte(entropy)), 0, nil, windows.CRYPTPROTECT_UI_FORBIDDEN, &out)
	if err != nil {
		return nil, fmt.Errorf("only the account of Windows, on the machine, that it was written under can decrypt it (%w)", err)
	}
	return taken(out)
}

func blob(b []byte) *windows.DataBlob {
	return &windows.DataBlob{Size: uint32(len(b)), Data: unsafe.SliceData(b)}
}

// taken copies what the system allocated, and lets go of it.
func taken(out windows.DataBlob) ([]byte, error) {
	b := append([]byte(nil), unsafe.Slice(out.Data, out.Size)...)
	_, err := windows.LocalFree(windows.Handle(unsafe.Pointer(out.Data)))
	return b, err
}

// private leaves it to the encryption: it is for one account.
func private(string) error { return nil }
