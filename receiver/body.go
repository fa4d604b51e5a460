package receiver

import (
	"errors"
	"io"
	"net/http"
	"os"
)

// maxBody is the size in bytes up to which a body is read.
const maxBody = 1 << 20

var (
	errTooLarge = errors.New("body too large")
	errTooSlow  = errors.New("body too slow")
	errCutShort = errors.New("body cut short")
)

// readBody returns the whole body of r, however it is framed. On error, what
// had been read is how much of it came.
func readBody(r *http.Request) (body []byte, err error) {
	if r.ContentLength > maxBody {
		return nil, errTooLarge
	}
	// An announced length is only believed so far before the bytes come.
	body = make([]byte, 0, min(max(r.ContentLength, 0), 64<<10))
	if r.ContentLength < 0 {
		body = make([]byte, 0, 1024)
	}
	for {
		if len(body) == cap(body) && (r.ContentLength < 0 || int64(len(body)) < r.ContentLength) {
			body = append(body, 0)[:len(body)]
		}
		n, err := r.Body.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case len(body) > maxBody:
			return body, errTooLarge
		case err == io.EOF:
			return body, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return body, errTooSlow
		case err != nil:
			return body, errCutShort
		}
	}
}
