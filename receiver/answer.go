package receiver

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"

	"processmanager/ppm"
)

// An answer is what the sender is told, and what becomes of the connection.
type answer struct {
	status int
	ack    ppm.Acknowledgement // of a 200
	text   string              // of any other: what is wrong and what to do

	unread bool // some of the body may not have been read
	last   bool // the connection ends with this answer
}

// refuse returns an answer given without a look at the body.
func refuse(status int, text string) answer {
	return answer{status: status, text: text, unread: true}
}

// Header values, shared by all answers; net/http only reads them.
var (
	jsonUTF8   = []string{"application/json; charset=utf-8"}
	closing    = []string{"close"}
	onlyPost   = []string{http.MethodPost}
	basicRealm = []string{`Basic realm="Partner Process Manager", charset="UTF-8"`}
	retryAfter = []string{"30"} // seconds
)

const (
	// A body up to this size, its length announced, is read away after an early
	// answer, so that the connection can go on. The first request of a .NET
	// client comes without credentials and is followed by the same with them.
	readAway = 64 << 10

	// For this long and this much we go on listening on a connection that ends
	// with an early answer. Closed at once, it would be reset under a client
	// that is still sending, and our answer lost with it.
	lingerStranger, lingerStrangerBytes = time.Second, 256 << 10
	lingerSender, lingerSenderBytes     = 10 * time.Second, 16 << 20
)

// send writes a to w. It reports false if what is left on the wire can't be
// trusted to begin with a new request.
func (v *visit) send(w http.ResponseWriter, a *answer) (intact bool) {
	r := v.r
	body := a.append(v.scratch[:0])
	h := w.Header()
	h["Content-Type"] = jsonUTF8
	switch a.status {
	case http.StatusUnauthorized:
		h["WWW-Authenticate"] = basicRealm
	case http.StatusMethodNotAllowed:
		h["Allow"] = onlyPost
	case http.StatusServiceUnavailable:
		h["Retry-After"] = retryAfter
	}

	early := a.unread && r.ContentLength != 0
	last := a.last || ambiguous(r) || early && (r.ContentLength > readAway || r.Header.Get("Expect") != "")
	if last {
		h["Connection"] = closing
	}
	if !early {
		w.WriteHeader(a.status)
		w.Write(body)
		return true
	}

	// net/http reads the rest of a body before it lets an answer out, unless
	// told that both may be under way at once.
	wire := http.NewResponseController(w)
	wire.EnableFullDuplex()
	h["Content-Length"] = []string{strconv.Itoa(len(body))}
	w.WriteHeader(a.status)
	w.Write(body)
	wire.Flush()
	if !last {
		_, err := io.Copy(io.Discard, r.Body)
		return err == nil
	}
	wait, most := lingerStranger, int64(lingerStrangerBytes)
	if v.proven {
		wait, most = lingerSender, lingerSenderBytes
	}
	wire.SetReadDeadline(time.Now().Add(wait))
	io.CopyN(io.Discard, r.Body, most)
	return true
}

// ambiguous reports whether someone between the sender and us could see the end
// of r in another place. RFC 9112, 6.1 wants the connection closed after a request
// with both Transfer-Encoding and Content-Length, and after one with
// Transfer-Encoding in HTTP/1.0. net/http has removed the second header by the
// time we could look, so every request that might have been one is the
// connection's last.
func ambiguous(r *http.Request) bool {
	return len(r.TransferEncoding) > 0 || !r.ProtoAtLeast(1, 1)
}

// append appends the answer's body to b. A receipt has only digits, letters and a
// dash, so it can stand in JSON as it is.
func (a *answer) append(b []byte) []byte {
	if a.status == http.StatusOK {
		b = append(b, `{"status":"acknowledged","receipt":"`...)
		b = append(b, a.ack.Receipt...)
		b = append(b, `","redelivery":`...)
		b = strconv.AppendBool(b, a.ack.Redelivery)
		return append(b, "}\n"...)
	}
	out := bytes.NewBuffer(b)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.Encode(struct {
		Error string `json:"error"`
	}{a.text})
	return out.Bytes()
}
