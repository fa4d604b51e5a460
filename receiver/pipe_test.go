package receiver_test

import (
	"context"
	"net"
	"sync"
	"testing"

	"processmanager/receiver"
)

// A pipeListener accepts connections that exist in memory only, so that
// testing/synctest can turn the clock while they are idle.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
	fails  chan error // what Accept is to fail with, before anything else
}

type pipeConn struct{ net.Conn }

func (pipeConn) RemoteAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 50000} }

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{}), fails: make(chan error, 10)}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case err := <-l.fails:
		return nil, err
	default:
	}
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8443} }

func (l *pipeListener) dial() net.Conn {
	client, server := net.Pipe()
	l.conns <- pipeConn{server}
	return client
}

// servePipe runs a server for o on l. stop ends it and returns what Serve returned.
func servePipe(t *testing.T, o receiver.Options, l *pipeListener) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- receiver.New(o).Serve(ctx, l, nil) }()
	return sync.OnceValue(func() error {
		cancel()
		return <-done
	})
}
