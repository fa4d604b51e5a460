package client

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// xmlFormat is XML. Values are the text of elements and of attributes; they
// cannot be names, or in comments, CDATA and the like.
type xmlFormat struct{}

const (
	xmlOutside  state = iota // of tags
	xmlTag                   // within one
	xmlDouble                // within quotation marks there
	xmlSingle                // within apostrophes there
	xmlSpecials              // and from here on: within one of specials
)

// specials are how what is neither tag nor text begins and ends.
var specials = []struct{ begin, end string }{{"<!--", "-->"}, {"<![CDATA[", "]]>"}, {"<?", "?>"}, {"<!", ">"}}

func (f xmlFormat) text(s state, text string) (state, int, string) {
	for i := 0; i < len(text); {
		rest := text[i:]
		step := 1
		switch {
		case s >= xmlSpecials:
			if end := specials[s-xmlSpecials].end; strings.HasPrefix(rest, end) {
				s, step = xmlOutside, len(end)
			}
		case s == xmlOutside && rest[0] == '<':
			s = xmlTag
			for j, special := range specials {
				if strings.HasPrefix(rest, special.begin) {
					s, step = xmlSpecials+state(j), len(special.begin)
					break
				}
			}
		case s == xmlTag && rest[0] == '>':
			s = xmlOutside
		case s == xmlTag && rest[0] == '"':
			s = xmlDouble
		case s == xmlTag && rest[0] == '\'':
			s = xmlSingle
		case s == xmlDouble && rest[0] == '"', s == xmlSingle && rest[0] == '\'':
			s = xmlTag
		}
		i += step
	}
	return s, 0, ""
}

func (xmlFormat) value(s state) (string, state, string) {
	switch {
	case s == xmlTag:
		return "", s, "a value within a tag: put it in quotation marks, as the text of an attribute"
	case s >= xmlSpecials:
		return "", s, "a value within a comment, CDATA or declaration: put it into the text of an element"
	}
	return "_xml", s, ""
}

func (xmlFormat) join(a, b state) (state, bool) { return a, a == b }

func (xmlFormat) end(s state) string {
	if s != xmlOutside {
		return "the last tag or comment is not closed"
	}
	return ""
}

func (xmlFormat) check(out []byte) ([]byte, error) {
	d := xml.NewDecoder(bytes.NewReader(out))
	for elements := 0; ; {
		token, err := d.Token()
		switch {
		case err == io.EOF && elements == 0:
			return nil, errors.New("what comes out is not XML: it has no element")
		case err == io.EOF:
			return out, nil
		case err != nil:
			return nil, fmt.Errorf("what comes out is not XML: %w", err)
		}
		if _, begins := token.(xml.StartElement); begins {
			elements++
		}
	}
}
