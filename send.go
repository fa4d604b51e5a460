package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"
)

type sendCmd struct {
	File         string        `arg:"" optional:"" help:"The message, - for standard input; else Clearmatch's documented sample."`
	URL          string        `name:"url" placeholder:"URL" help:"The receiver; else the ppm that runs here."`
	User         string        `placeholder:"NAME" help:"The user name; else that of the ppm that runs here, or \"clearmatch\"."`
	PasswordFile string        `placeholder:"FILE" help:"A file with the password; or set the variable PPM_SEND_PASSWORD."`
	CA           string        `name:"ca" placeholder:"FILE" help:"A PEM file with the certificate to trust."`
	Insecure     bool          `help:"Don't check the receiver's certificate."`
	Count        int           `default:"1" help:"Post it so many times, one after the other."`
	New          bool          `help:"A fresh application number and time each time, so that each is a new notification."`
	Timeout      time.Duration `default:"30s" help:"How long to wait for each answer."`
	JSON         bool          `name:"json" help:"Print JSON, one object for each answer."`
}

func (sendCmd) Help() string {
	return `Posts a notification as Clearmatch does, prints the answer and the time it took.
Without a file it posts the sample of Clearmatch's documentation; posting that
again is a redelivery, unless --new makes it a new one each time.

The password is never given on the command line, where others could read it: it
is asked for, or taken from the variable PPM_SEND_PASSWORD or a file. ppm keeps
no password itself, only what it needs to recognise it.

Examples:

    ppm send
    ppm send --new --count 100
    ppm send message.json
    ppm send - < message.json
    ppm send --url https://ppm.example.com/notifications --user clearmatch`
}

// Run runs ppm send.
func (c *sendCmd) Run(p *program) error {
	switch {
	case c.Count < 1:
		return usageError("--count: give how many to post, 1 or more")
	case c.New && c.File != "":
		return usageError("--new is for the sample; a file is posted as it is")
	case c.Insecure && c.CA != "":
		return usageError("--insecure and --ca: give one of them")
	case c.Timeout <= 0:
		return usageError("--timeout: give a time such as 30s")
	}
	message, err := c.message(p)
	if err != nil {
		return err
	}
	to, err := c.target(p)
	if err != nil {
		return err
	}
	if to.password, err = c.password(p); err != nil {
		return err
	}
	defer to.client.CloseIdleConnections()
	return c.post(p, to, message)
}

// message returns what returns the body to post next.
func (c *sendCmd) message(p *program) (func() []byte, error) {
	if c.New {
		return freshSamples(), nil
	}
	from := io.Reader(strings.NewReader(sample))
	switch c.File {
	case "":
	case "-":
		from = p.stdin
	default:
		f, err := os.Open(c.File)
		if err != nil {
			return nil, fmt.Errorf("read the message: %w", err)
		}
		defer f.Close()
		from = f
	}
	body, err := p.readAll("the message", from, maxMessage)
	if err != nil {
		return nil, err
	}
	return func() []byte { return body }, nil
}

// maxMessage is many times what a receiver takes, so that its refusal can be
// tried out, and little enough to be held in memory.
const maxMessage = 64 << 20

// An answer is what became of one post.
type answer struct {
	Status int     `json:"status"`
	Line   string  `json:"line"` // such as "200 OK"
	Body   string  `json:"body"`
	Millis float64 `json:"milliseconds"` // from the first byte out to the last one in
}

func (a answer) good() bool { return a.Status >= 200 && a.Status < 300 }

// post posts the messages and prints the answers. It goes on after an answer
// that is no acknowledgement, but not when there is no answer at all.
func (c *sendCmd) post(p *program, to target, message func() []byte) error {
	progress := p.progress("posted", "")
	var took []time.Duration
	bad := 0
	for i := range c.Count {
		begun := time.Now()
		a, err := to.post(p, message())
		if err != nil {
			progress.end()
			return noAnswer(to.url, err)
		}
		took = append(took, time.Since(begun))
		if !a.good() {
			bad++
		}
		if c.JSON {
			err = p.printJSON(a)
		} else if c.Count == 1 || !a.good() {
			progress.end()
			_, err = fmt.Fprintf(p.stdout, "%s in %s\n%s\n", oneLine(a.Line), millis(took[i]), strings.TrimRight(printable(a.Body), "\n"))
		}
		if err != nil {
			return err
		}
		if hint := hint(a.Status); hint != "" && bad == 1 && !a.good() {
			p.say("%s", hint)
		}
		progress.at(i+1, c.Count)
	}
	progress.end()
	if c.Count > 1 && !c.JSON {
		slices.Sort(took)
		fmt.Fprintf(p.stdout, "%d posted, %d acknowledged; half of them within %s, the slowest %s\n",
			c.Count, c.Count-bad, millis(took[len(took)/2]), millis(took[len(took)-1]))
	}
	switch {
	case bad > 0 && c.Count == 1:
		return errors.New("not acknowledged")
	case bad > 0:
		return fmt.Errorf("not acknowledged: %d of %d", bad, c.Count)
	}
	return nil
}

func (to target) post(ctx context.Context, body []byte) (answer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.url, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "ppm-send")
	r.SetBasicAuth(to.user, to.password)
	begun := time.Now()
	got, err := to.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(io.LimitReader(got.Body, 1<<20))
	if err != nil {
		return answer{}, fmt.Errorf("read the answer: %w", err)
	}
	took := float64(time.Since(begun).Microseconds()) / 1000
	return answer{Status: got.StatusCode, Line: got.Status, Body: string(text), Millis: took}, nil
}

func millis(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d.Microseconds())/1000)
}
