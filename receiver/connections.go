package receiver

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
)

// A doorkeeper is a listener that bounds the connections open at once, in all
// and of one neighbourhood. A connection on which the right password has been
// seen is proven; the others are strangers'. When a bound is reached, the oldest
// stranger gives way to the newcomer: of the newcomer's neighbourhood for its
// own bound, of the one with the most strangers for the bound in all. So slow
// connections, however many, keep nobody out. Only when all are proven is the
// newcomer turned away.
type doorkeeper struct {
	net.Listener
	max, perAddress int

	mu       sync.Mutex
	open     int
	crowds   map[netip.Prefix]*crowd
	stopping bool
}

// A crowd is the open connections of one neighbourhood.
type crowd struct {
	open      int
	strangers []*connection // oldest first
}

// A connection knows who is at the other end and whether it is proven.
type connection struct {
	net.Conn
	door   *doorkeeper
	from   place
	crowd  netip.Prefix
	proven atomic.Bool
	busy   atomic.Bool // a request has been read and is not answered yet
	gone   bool        // guarded by door.mu
}

func newDoorkeeper(l net.Listener, maximum, perAddress int) *doorkeeper {
	return &doorkeeper{Listener: l, max: maximum, perAddress: perAddress, crowds: make(map[netip.Prefix]*crowd)}
}

// Accept waits for the next connection and lets it in.
func (d *doorkeeper) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil {
			// Out of descriptors is the same as a bound of ours, only found out
			// later. net/http tries again after a moment, in which the
			// descriptor comes free.
			if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
				d.makeRoom()
			}
			return nil, err
		}
		if c := d.admit(conn); c != nil {
			return c, nil
		}
		conn.Close()
	}
}

// admit counts conn in, after closing a stranger's connection if it must. It
// returns nil if conn has to be turned away.
func (d *doorkeeper) admit(conn net.Conn) *connection {
	c := &connection{Conn: conn, door: d, from: remotePlace(conn.RemoteAddr())}
	c.crowd = c.from.neighbourhood()

	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopping {
		return nil
	}
	own := d.crowds[c.crowd]
	if own != nil && own.open >= d.perAddress && !d.dismiss(own) {
		return nil
	}
	if d.open >= d.max && !d.dismiss(d.largest()) {
		return nil
	}
	own = d.crowds[c.crowd] // it may have emptied, or may be the first
	if own == nil {
		own = new(crowd)
		d.crowds[c.crowd] = own
	}
	d.open++
	own.open++
	own.strangers = append(own.strangers, c)
	return c
}

// makeRoom closes one stranger's connection, if there is one.
func (d *doorkeeper) makeRoom() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.dismiss(d.largest())
}

// largest returns the crowd with the most strangers. d.mu is held.
func (d *doorkeeper) largest() *crowd {
	var most *crowd
	for _, w := range d.crowds {
		if most == nil || len(w.strangers) > len(most.strangers) {
			most = w
		}
	}
	return most
}

// dismiss closes the oldest stranger's connection of w and reports whether
// there was one. d.mu is held.
func (d *doorkeeper) dismiss(w *crowd) bool {
	if w == nil || len(w.strangers) == 0 {
		return false
	}
	c := w.strangers[0]
	d.leave(c)
	c.Conn.Close()
	return true
}

// leave takes c out of the count. d.mu is held.
func (d *doorkeeper) leave(c *connection) {
	if c.gone {
		return
	}
	c.gone = true
	d.open--
	w := d.crowds[c.crowd]
	w.forget(c)
	if w.open--; w.open == 0 {
		delete(d.crowds, c.crowd)
	}
}

func (w *crowd) forget(c *connection) {
	if i := slices.Index(w.strangers, c); i >= 0 {
		w.strangers = slices.Delete(w.strangers, i, i+1)
	}
}

// stop lets nobody in any more, and closes the strangers' connections except
// where a request is being answered.
func (d *doorkeeper) stop() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stopping = true
	for _, w := range d.crowds {
		for _, c := range slices.Clone(w.strangers) {
			if !c.busy.Load() {
				d.leave(c)
				c.Conn.Close()
			}
		}
	}
}

// prove notes that the right password has been seen on c.
func (c *connection) prove() {
	if c == nil || c.proven.Load() {
		return
	}
	c.door.mu.Lock()
	defer c.door.mu.Unlock()
	c.proven.Store(true)
	if !c.gone {
		c.door.crowds[c.crowd].forget(c)
	}
}

// Close closes the connection and makes room for another.
func (c *connection) Close() error {
	c.door.mu.Lock()
	c.door.leave(c)
	c.door.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite tells the other end that nothing more will come; net/http does so
// before it closes a connection with something left unread.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

type connectionKey struct{}

// withConnection is the server's ConnContext.
func withConnection(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, beneath(conn))
}

// beneath returns the connection that conn, as the server sees it, runs over.
func beneath(conn net.Conn) *connection {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	return conn.(*connection)
}

// connectionOf returns the connection that r came over; nil when something
// other than [Server.Serve] runs the handler.
func connectionOf(r *http.Request) *connection {
	c, _ := r.Context().Value(connectionKey{}).(*connection)
	return c
}
