package ui

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// A job sends a bulk again. It runs on the server: no page has to stay open for it.
type job struct {
	ID    string
	Words string
	By    string
	stop  context.CancelFunc
	done  chan struct{}

	mu            sync.Mutex
	sent, refused int64
	why           string // the first refusal
	ended         bool
	stopped       bool // by a person, or because the program stops
	err           error
}

// jobs are those that run, and the last ones that have.
type jobs struct {
	mu     sync.Mutex
	all    []*job
	closed bool
	last   int
}

const (
	maxJobs = 50 // remembered
	maxBusy = 4  // at one time
)

// start runs work as a job.
func (j *jobs) start(words, by string, work func(context.Context, *job) error) (*job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	busy := 0
	for _, other := range j.all {
		select {
		case <-other.done:
		default:
			busy++
		}
	}
	switch {
	case j.closed:
		return nil, errStopping
	case busy >= maxBusy:
		return nil, badRequest("a lot is being sent again already; wait until it has ended, or stop some")
	}
	j.last++
	ctx, stop := context.WithCancel(context.Background())
	made := &job{ID: strconv.Itoa(j.last), Words: words, By: by, stop: stop, done: make(chan struct{})}
	j.all = append(j.all, made)
	if len(j.all) > maxJobs {
		j.all = j.all[1:]
	}
	go func() {
		defer close(made.done)
		defer stop()
		err := work(ctx, made)
		made.mu.Lock()
		defer made.mu.Unlock()
		made.ended, made.stopped = true, errors.Is(err, context.Canceled)
		if !made.stopped {
			made.err = err
		}
	}()
	return made, nil
}

// find returns one of them.
func (j *jobs) find(id string) (*job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, one := range j.all {
		if one.ID == id {
			return one, nil
		}
	}
	return nil, db.ErrNotFound
}

// close stops all of them and waits until they have ended.
func (j *jobs) close() {
	j.mu.Lock()
	j.closed = true
	all := j.all
	j.mu.Unlock()
	for _, one := range all {
		one.stop()
		<-one.done
	}
}

// step notes what was done with one delivery.
func (j *job) step(done ppm.Resending) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if done.Refused == "" {
		j.sent++
		return nil
	}
	j.refused++
	if j.why == "" {
		j.why = done.Refused
	}
	return nil
}

// A jobView is how far a job has come.
type jobView struct {
	ID       string
	Words    string
	Sentence string
	Running  bool
	Bad      bool
}

func (j *job) view() jobView {
	j.mu.Lock()
	defer j.mu.Unlock()
	v := jobView{ID: j.ID, Words: sentence(j.Words), Running: !j.ended}
	v.Sentence = count(j.sent, "delivery has been sent on its way", "deliveries have been sent on their way") + " again"
	switch {
	case !j.ended:
		v.Sentence += " so far."
	case j.stopped:
		v.Sentence += ", then it was stopped. What is on its way stays so."
	case j.err != nil:
		v.Bad = true
		v.Sentence += ", then it failed: " + j.err.Error() + "."
	case j.sent == 0 && j.refused > 0:
		v.Bad = true
		v.Sentence = "Nothing was sent: " + j.why + "."
	case j.sent == 0:
		v.Sentence = "There was nothing to send again."
	default:
		v.Sentence += "."
	}
	if j.refused > 0 && j.sent > 0 {
		v.Sentence += " " + number(j.refused) + " left as they are: " + j.why + "."
	}
	return v
}

// jobPatience is how long to wait before a job's own page is shown.
const jobPatience = 400 * time.Millisecond

// retry sends dead letters again, as a job. One that has soon ended is only told of.
func (s *Server) retry(r *http.Request) (outcome, error) {
	by := asking(r).By
	b, err := s.bulkOf(r.Context(), r.PostForm)
	if err != nil {
		return outcome{}, err
	}
	j, err := s.jobs.start(b.Words, by, func(ctx context.Context, j *job) error {
		return b.selections(ctx, func(selection ppm.Selection) error {
			return s.store.Resend(ctx, selection, false, by, j.step)
		})
	})
	if err != nil {
		return outcome{}, err
	}
	select {
	case <-j.done:
		v := j.view()
		return outcome{To: ours(r.PostForm.Get("back")), Notice: v.Sentence, Bad: v.Bad}, nil
	case <-time.After(jobPatience):
		return outcome{To: "/jobs/" + j.ID}, nil
	}
}

// ours returns an address of ours: what was given if it is one, else the home page.
func ours(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(u.Path, "/") || strings.HasPrefix(u.Path, "//") || strings.Contains(address, `\`) {
		return "/"
	}
	return u.RequestURI()
}

// job shows how far a job has come.
func (s *Server) job(r *http.Request) (page, error) {
	j, err := s.jobs.find(r.PathValue("job"))
	if err != nil {
		return page{}, err
	}
	return page{Title: "Sending again", Place: "/notifications", Body: jobPage(j.view())}, nil
}

// stopJob stops a job; what it has sent on its way stays so.
func (s *Server) stopJob(r *http.Request) (outcome, error) {
	j, err := s.jobs.find(r.PathValue("job"))
	if err != nil {
		return outcome{}, err
	}
	j.stop()
	<-j.done
	return outcome{To: "/jobs/" + j.ID}, nil
}
