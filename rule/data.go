package rule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Data is an application's data as the rules see it. It is parsed once, when
// the first rule looks at it. It may be used concurrently.
type Data struct {
	text  []byte
	parse sync.Once
	value any
	err   error
}

// NewData returns the data that text, a JSON value, stands for. The text must
// not be changed afterwards.
func NewData(text []byte) *Data { return &Data{text: text} }

// get returns the value: nil, bool, string, json.Number (numbers as they are
// written, so that no digit is lost), []any or map[string]any.
func (d *Data) get() (any, error) {
	d.parse.Do(func() {
		in := json.NewDecoder(bytes.NewReader(d.text))
		in.UseNumber()
		if d.err = in.Decode(&d.value); d.err != nil {
			d.err = fmt.Errorf("the application's data is not JSON: %w", d.err)
		} else if _, err := in.Token(); !errors.Is(err, io.EOF) {
			d.err = errors.New("the application's data is not one JSON value but several")
		}
		d.text = nil
	})
	return d.value, d.err
}
