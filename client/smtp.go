package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"strconv"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"processmanager/ppm"
)

// send hands a message over. Who is refused for good does not keep it from the
// others; while somebody is refused for now, nobody gets it, since the next
// attempt would send it to the others again.
func (m mailServer) send(ctx context.Context, from string, to []string, message []byte) (ppm.Response, error) {
	response, err := m.converse(ctx, from, to, message)
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
		if errors.Is(err, context.DeadlineExceeded) {
			err = errors.New("it took longer than it may (timeout)")
		}
	}
	if err != nil {
		var reply *textproto.Error
		if errors.As(err, &reply) {
			response = ppm.Response{Status: reply.Code, Excerpt: []byte(reply.Error())}
		}
		return response, fmt.Errorf("send by %s: %w", net.JoinHostPort(m.host, strconv.Itoa(m.port)), cause(err))
	}
	return response, nil
}

func (m mailServer) converse(ctx context.Context, from string, to []string, message []byte) (ppm.Response, error) {
	config, err := m.trust()
	if err != nil {
		return ppm.Response{}, err
	}
	conn, err := m.dial(ctx, config)
	if err != nil {
		return ppm.Response{}, err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	c, err := m.open(conn, config)
	if err != nil {
		return ppm.Response{}, err
	}
	defer leave(c, conn)
	if err := c.Mail("<" + from + ">"); err != nil {
		return ppm.Response{}, fmt.Errorf("as %s: %w", from, err)
	}
	refused, err := recipients(c, to)
	if err != nil {
		return ppm.Response{}, err
	}
	reply, err := hand(c, message)
	if err != nil {
		return ppm.Response{}, err
	}
	response := ppm.Response{Status: 250, Excerpt: []byte(reply)}
	if refused != nil {
		return response, ppm.PermanentError{Err: fmt.Errorf("the others have it, but not %w", refused)}
	}
	return response, nil
}

// recipients names those who are to get the message. refused is who is not, for
// good; the error is for the attempt.
func recipients(c *smtp.Client, to []string) (refused, err error) {
	var all []error
	for _, r := range to {
		err := c.Rcpt("<" + r + ">")
		switch {
		case err == nil:
		case isFinal(err):
			all = append(all, fmt.Errorf("%s: %w", r, err))
		default:
			return nil, fmt.Errorf("to %s: %w", r, err)
		}
	}
	refused = oneError(all)
	if len(all) == len(to) {
		return nil, ppm.PermanentError{Err: fmt.Errorf("to %w", refused)}
	}
	return refused, nil
}

// hand sends the message itself and returns what the server says to it.
func hand(c *smtp.Client, message []byte) (reply string, err error) {
	w, err := c.Data()
	if err == nil {
		if _, err = w.Write(message); err == nil {
			err = w.Close()
		}
	}
	if err != nil {
		err = fmt.Errorf("the message: %w", err)
		if isFinal(err) {
			err = ppm.PermanentError{Err: err}
		}
		return "", err
	}
	return w.(*smtp.DataCloser).ServerResponse(), nil
}

// isFinal reports whether the server has refused for good (RFC 5321, 4.2.1).
// What it says of passwords is not: somebody can give another.
func isFinal(err error) bool {
	var reply *textproto.Error
	if !errors.As(err, &reply) {
		return false
	}
	switch reply.Code {
	case 530, 534, 535, 538: // RFC 4954, 6
		return false
	}
	return reply.Code >= 500
}

// oneError returns errs as one, in one line; nil if there are none.
func oneError(errs []error) error {
	if len(errs) == 0 {
		return nil
	}
	err := errs[0]
	for _, next := range errs[1:] {
		err = fmt.Errorf("%w; %w", err, next)
	}
	return err
}

// leave says goodbye. By then the message has been taken, or not, so that
// nobody waits long for an answer.
func leave(c *smtp.Client, conn net.Conn) {
	_ = conn.SetDeadline(time.Now().Add(grace))
	_ = c.Quit()
}
