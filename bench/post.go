package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// A poster posts over one kept connection of its own and returns the answer's
// body, good until the next post. Any answer but 200 is an error.
type poster interface {
	post(body []byte) ([]byte, error)
	close()
}

// Nothing leaves this machine, and the certificate is a minute old.
var trusting = &tls.Config{InsecureSkipVerify: true}

func newPoster(client, to string) (poster, error) {
	if client == "raw" {
		return newRawPoster(to)
	}
	transport := &http.Transport{TLSClientConfig: trusting.Clone(), MaxConnsPerHost: 1}
	return &netPoster{url: to, transport: transport}, nil
}

// netPoster is net/http's client, as the sender of another Go program would be.
type netPoster struct {
	url       string
	transport *http.Transport
	answer    bytes.Buffer
}

func (p *netPoster) post(body []byte) ([]byte, error) {
	req, err := http.NewRequest(http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.SetBasicAuth(username, password)
	req.Header.Set("Content-Type", "application/json")
	resp, err := p.transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	p.answer.Reset()
	if _, err := p.answer.ReadFrom(resp.Body); err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("answered %s: %s", resp.Status, p.answer.Bytes())
	}
	return p.answer.Bytes(), nil
}

func (p *netPoster) close() { p.transport.CloseIdleConnections() }

// rawPoster writes a request in one piece and reads no more of the answer than
// it must, so that on a small machine the server and not the client is measured.
type rawPoster struct {
	conn    *tls.Conn
	r       *bufio.Reader
	head    []byte // everything before the value of Content-Length
	request []byte
	answer  []byte
}

func newRawPoster(to string) (*rawPoster, error) {
	u, err := url.Parse(to)
	if err != nil {
		return nil, err
	}
	conn, err := tls.Dial("tcp", u.Host, trusting)
	if err != nil {
		return nil, err
	}
	credentials := base64.StdEncoding.EncodeToString([]byte(username + ":" + password))
	head := fmt.Appendf(nil, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Basic %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: ", u.Path, u.Host, credentials)
	return &rawPoster{conn: conn, r: bufio.NewReader(conn), head: head}, nil
}

func (p *rawPoster) post(body []byte) ([]byte, error) {
	p.request = append(p.request[:0], p.head...)
	p.request = strconv.AppendInt(p.request, int64(len(body)), 10)
	p.request = append(p.request, "\r\n\r\n"...)
	p.request = append(p.request, body...)
	if _, err := p.conn.Write(p.request); err != nil {
		return nil, err
	}
	line, err := p.r.ReadSlice('\n')
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")) {
		return nil, fmt.Errorf("answered %s", bytes.TrimSpace(line))
	}
	length := -1
	for {
		line, err := p.r.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		line = bytes.TrimSpace(line)
		if len(line) == 0 {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return nil, err
			}
		}
	}
	if length < 0 || length > 1<<16 {
		return nil, fmt.Errorf("an answer without a usable Content-Length")
	}
	if cap(p.answer) < length {
		p.answer = make([]byte, length)
	}
	p.answer = p.answer[:length]
	_, err = io.ReadFull(p.r, p.answer)
	return p.answer, err
}

func (p *rawPoster) close() { p.conn.Close() }
