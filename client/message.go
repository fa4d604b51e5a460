package client

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"processmanager/ppm"
)

// subjectLength is how many characters of a subject are written.
const subjectLength = 200

// message returns the message for p as it is sent. Every attempt at a delivery
// makes one with the same Message-ID, by which mail programs know it again.
func (e emailWay) message(p ppm.Parcel, now time.Time) ([]byte, error) {
	subject, err := e.subject.Execute(p)
	if err != nil {
		return nil, fmt.Errorf("write the subject: %w", err)
	}
	text, err := e.text.Execute(p)
	if err != nil {
		return nil, fmt.Errorf("write the text: %w", err)
	}
	m := gomail.NewMsg(gomail.WithNoDefaultUserAgent(), gomail.WithEncoding(gomail.EncodingQP))
	m.FromMailAddress(e.from)
	m.ToMailAddress(e.to...)
	m.SetMessageIDWithValue(p.Key + e.from.Address[strings.LastIndexByte(e.from.Address, '@'):])
	m.SetDateWithValue(now)
	m.Subject(subjectLine(string(subject)))
	m.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: nobody answers for being away
	m.SetGenHeader("X-Auto-Response-Suppress", "All")  // the same for Exchange
	m.SetBodyString(gomail.TypeTextPlain, strings.ToValidUTF8(string(text), "\uFFFD"))
	var b bytes.Buffer
	if _, err := m.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("write the message: %w", err)
	}
	return b.Bytes(), nil
}

// subjectLine returns text as a subject: one line, in which nothing looks as if
// it were encoded already (RFC 2047), since that would be decoded by readers.
func subjectLine(text string) string {
	return strings.ReplaceAll(oneLine(text, subjectLength), "=?", "= ?")
}
