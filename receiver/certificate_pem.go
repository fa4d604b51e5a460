package receiver

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
	"unicode/utf16"
)

// pemContents is what a PEM file holds (RFC 7468).
type pemContents struct {
	certs  []*x509.Certificate // in the order of the file
	keys   []crypto.Signer
	locked bool     // there is a private key protected by a passphrase
	others []string // labels of the blocks that are neither
}

// errNotPEM: the bytes are no PEM at all.
var errNotPEM = errors.New("is not a PEM file: it has no line that starts with -----BEGIN")

// parsePEM reads every block of a PEM file. A byte-order mark, CRLF and UTF-16,
// which Windows' Notepad and PowerShell leave, are no fault.
func parsePEM(data []byte) (pemContents, error) {
	var p pemContents
	text := plainText(data)
	blocks := bytes.Count(text, []byte("-----BEGIN "))
	if blocks == 0 {
		return p, errNotPEM
	}
	read := 0
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		read++
		if err := p.add(block); err != nil {
			return p, err
		}
	}
	if read < blocks {
		return p, errors.New("is damaged or cut short: a block that begins with -----BEGIN has no proper content or end")
	}
	return p, nil
}

func (p *pemContents) add(b *pem.Block) error {
	switch {
	case b.Type == "CERTIFICATE":
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return fmt.Errorf("is damaged: certificate %d in it cannot be read: %w", len(p.certs)+1, err)
		}
		p.certs = append(p.certs, c)
	case b.Type == "ENCRYPTED PRIVATE KEY", strings.Contains(b.Headers["Proc-Type"], "ENCRYPTED"):
		p.locked = true
	case strings.HasSuffix(b.Type, "PRIVATE KEY"):
		key, err := parseKey(b.Bytes)
		if err != nil {
			return fmt.Errorf("is damaged: the private key in it cannot be read: %w", err)
		}
		p.keys = append(p.keys, key)
	default:
		p.others = append(p.others, b.Type)
	}
	return nil
}

// parseKey reads a private key whatever its block is called: the labels and
// the forms are often mixed up.
func parseKey(der []byte) (crypto.Signer, error) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(der); err == nil {
		return key, nil
	}
	key, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, fmt.Errorf("a key of type %T cannot sign", key)
	}
	return signer, nil
}

// plainText returns data as text without a byte-order mark, UTF-16 undone.
func plainText(data []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return data[3:]
	case bytes.HasPrefix(data, []byte("\xff\xfe")):
		order = binary.LittleEndian
	case bytes.HasPrefix(data, []byte("\xfe\xff")):
		order = binary.BigEndian
	default:
		return data
	}
	units := make([]uint16, 0, len(data)/2)
	for rest := data[2:]; len(rest) >= 2; rest = rest[2:] {
		units = append(units, order.Uint16(rest))
	}
	return []byte(string(utf16.Decode(units)))
}
