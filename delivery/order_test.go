package delivery_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"processmanager/ppm"
)

// Of one application, nothing overtakes: what fails is waited for. Other
// applications do not wait.
func TestOrderWithinAnApplication(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := &queue{ordered: true}
		fails := map[ppm.DeliveryName]int{}
		w := newWay(t, func(_ context.Context, p ppm.Parcel) (ppm.Response, error) {
			time.Sleep(time.Second)
			if p.Failed < fails[p.DeliveryName] {
				return ppm.Response{Status: 1}, ppm.ParticularError{Err: errRefused}
			}
			return ppm.Response{Status: 200}, nil
		})
		of := make(map[ppm.DeliveryName]string)
		want := make(map[string][]ppm.DeliveryName)
		for i := range 60 {
			application := fmt.Sprint("A", i%3)
			name := q.add(1, application, time.Now())
			of[name] = application
			want[application] = append(want[application], name)
			if application == "A1" && i%4 == 0 {
				fails[name] = 3
			}
		}
		l := lane(w)
		l.Concurrency = 8
		start(t, q, l)
		pass(30 * time.Second)
		for _, quick := range []string{"A0", "A2"} {
			for _, name := range want[quick] {
				if d := q.state(name); d.State != ppm.Delivered {
					t.Errorf("%+v; want it delivered, whatever happens to A1", d)
				}
			}
		}
		pass(time.Hour)
		if q.left() != 0 {
			t.Fatalf("%d left", q.left())
		}
		var last = map[string]time.Duration{}
		for _, c := range w.calls {
			application := of[c.name]
			if at, some := last[application]; some && c.at < at+time.Second {
				t.Errorf("%s at %v, while another one of %s was under way since %v", c.name.Key(), c.at, application, at)
			}
			last[application] = c.at
			next := want[application]
			if len(next) == 0 || next[0] != c.name {
				t.Fatalf("%s was attempted at %v; next of %s are %v", c.name.Key(), c.at, application, next)
			}
			if fails[c.name] == 0 {
				want[application] = next[1:]
			}
			fails[c.name]--
		}
	})
}

// With one hand, deliveries leave as the queue gives them: those longest due first.
func TestOneHandKeepsTheQueuesOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q := new(queue)
		w := newWay(t, always(20*time.Millisecond, ppm.Response{Status: 200}, nil))
		var want []ppm.DeliveryName
		for i := range 100 {
			want = append(want, q.add(1, fmt.Sprint("A", i), time.Now().Add(time.Duration(i-100)*time.Second)))
		}
		start(t, q, lane(w))
		pass(time.Minute)
		for i, c := range w.calls {
			if c.name != want[i] {
				t.Fatalf("attempt %d was at %s; want %s", i, c.name.Key(), want[i].Key())
			}
		}
		// After a kill, what was claimed waits for the end of its lease.
		if most := q.count(&q.most); len(w.calls) != 100 || most < 2 || most > 20 {
			t.Errorf("%d attempts, claimed %d at a time; want 100, a few claimed ahead", len(w.calls), most)
		}
	})
}
