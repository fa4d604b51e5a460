package receiver

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"testing/synctest"
)

func TestNobodyWaitsForACrowdOfOneNeighbourhood(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		crowd, sender := netip.MustParsePrefix("198.51.100.9/32"), netip.MustParsePrefix("203.0.113.7/32")
		turns := newTurns()
		var order []netip.Prefix
		next := make(chan struct{})
		come := func(from netip.Prefix) {
			go func() {
				done, err := turns.take(t.Context(), from)
				if err != nil {
					t.Error(err)
					return
				}
				<-next
				order = append(order, from)
				done()
			}()
			synctest.Wait()
		}
		for range 50 {
			come(crowd)
		}
		come(sender)
		for range 51 {
			next <- struct{}{}
			synctest.Wait() // only one at a time takes it
		}
		// One of the crowd has its turn when the sender comes; the others wait for that one.
		if len(order) != 51 || order[1] != sender {
			t.Errorf("the order was %v", order)
		}
		if len(turns.lanes) != 0 {
			t.Errorf("%d lanes are left behind", len(turns.lanes))
		}
	})
}

func TestTurnsAreGivenUpWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := netip.MustParsePrefix("198.51.100.9/32"), netip.MustParsePrefix("203.0.113.7/32")
		turns := newTurns()
		done, err := turns.take(t.Context(), a)
		if err != nil {
			t.Fatal(err)
		}
		gone := errors.New("gone")
		ctx, cancel := context.WithCancelCause(t.Context())
		for _, from := range []netip.Prefix{a, b} { // before the lane's head, and before the door
			go func() {
				if _, err := turns.take(ctx, from); err != gone {
					t.Errorf("got %v", err)
				}
			}()
		}
		synctest.Wait()
		cancel(gone)
		synctest.Wait()
		done()
		for _, from := range []netip.Prefix{a, b} {
			done, err := turns.take(t.Context(), from)
			if err != nil {
				t.Fatal(err)
			}
			done()
		}
		if len(turns.lanes) != 0 {
			t.Errorf("%d lanes are left behind", len(turns.lanes))
		}
	})
}
