package delivery

import (
	"context"
	"math"
	"sync"
	"time"

	"processmanager/ppm"
)

// longestSleep is how long a lane for which something is waiting sleeps at the
// most: so late is it noticed that the wall clock has been changed, or that the
// machine was asleep.
const longestSleep = time.Minute

// A lane works off one queue of deliveries. One goroutine, run, owns its state
// and decides; claiming, attempting and recording are goroutines of their own
// that hand what came of them to events.
type lane struct {
	engine *Engine
	o      Options

	wake chan struct{} // holds one hint that there is mail
	mu   sync.Mutex    // guards mail
	mail mail

	events chan func() // called by run, in which they change what follows

	Lane                     // the settings in force
	ctx      context.Context // of attempts; ends when they are cut off
	stopping <-chan struct{} // closed when the engine stops
	leaving  bool            // the lane is gone, or the engine stops
	timer    *time.Timer

	held   map[ppm.DeliveryName]*held // what is claimed, until it has been recorded
	buffer []*held                    // those not begun, in the queue's order
	lost   []overtaken                // outcomes whose lease was not in force

	attempting int
	recording  int
	unkept     int           // of those recording: for which it has not worked at once
	took       time.Duration // by an attempt, on average; 0: not known yet

	health health
	pace   pace

	claiming  bool
	due       time.Time     // when something will be due, as far as is known; zero: never
	look      bool          // something may be due already
	notBefore time.Time     // a claim
	claimWait time.Duration // after claims that failed; 0: the last one did not
}

// A mail is what a lane is told from outside.
type mail struct {
	settings Lane
	gone     bool
	look     bool
}

// A held delivery is one whose lease the lane has: it waits in the buffer, is
// being attempted, or is being recorded.
type held struct {
	ppm.Delivery        // as last claimed
	lease        moment // its end
}

func newLane(e *Engine, s Lane) *lane {
	l := &lane{engine: e, o: e.o, Lane: s, mail: mail{settings: s}}
	l.wake, l.events = make(chan struct{}, 1), make(chan func())
	l.held = make(map[ppm.DeliveryName]*held)
	l.health.failing = s.Failing
	l.look = true // what an earlier run has left
	return l
}

// tell changes the lane's mail.
func (l *lane) tell(change func(*mail)) {
	l.mu.Lock()
	change(&l.mail)
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// read takes the mail in.
func (l *lane) read() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.Lane = l.mail.settings
	l.leaving = l.mail.gone
	l.look = l.look || l.mail.look
	l.mail.look = false
	l.pace.set(l.PerMinute, time.Now())
}

// run works until ctx has ended or the lane is gone, and what it has begun is over.
func (l *lane) run(ctx context.Context) {
	attempts, cut := context.WithCancel(context.WithoutCancel(ctx))
	defer cut()
	l.ctx, l.stopping = attempts, ctx.Done()
	l.timer = time.NewTimer(math.MaxInt64)
	defer l.timer.Stop()
	l.read()

	stop := ctx.Done()
	var grace <-chan time.Time
	for {
		if stop == nil {
			l.leaving = true
		}
		l.step()
		if l.leaving && !l.claiming && len(l.held) == 0 && (stop == nil || l.engine.left(l)) {
			return
		}
		select {
		case <-stop:
			stop = nil
			grace = time.After(l.o.Grace)
		case <-grace:
			cut()
		case <-l.wake:
			l.read()
		case event := <-l.events:
			event()
		case <-l.timer.C:
		}
	}
}

// step does whatever can be done now, and sets the timer for the rest.
func (l *lane) step() {
	now := l.o.now()
	if l.leaving || l.health.wait(now) > 0 {
		for _, h := range l.buffer {
			l.giveBack(h)
		}
		l.buffer = nil
	}
	for len(l.buffer) > 0 && l.free() && l.pace.ready(now.mono) > 0 {
		h := l.buffer[0]
		l.buffer = l.buffer[1:]
		if now.until(h.lease) < l.Limit+recordSlack {
			l.giveBack(h)
			continue
		}
		l.attempt(h, now)
	}
	if wait := l.plan(now); wait > 0 {
		l.timer.Reset(wait)
	} else {
		l.timer.Stop()
	}
}

// hands returns how many attempts there may be at one time.
func (l *lane) hands() int {
	if l.health.down() {
		return 1
	}
	return l.Concurrency
}

// free reports whether another attempt may begin, but for the pace. Outcomes
// that cannot be kept hold it up, and so do many that are just being kept:
// these would be attempted again if the process were killed.
func (l *lane) free() bool {
	return l.attempting < l.hands() && l.unkept == 0 && l.recording < max(4, l.hands())
}
