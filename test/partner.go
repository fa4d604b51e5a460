//go:build linux

package main

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// hands is how many deliveries a client of these checks takes at one time.
const hands = 4

// A partner is a data folder with clients, and the programs that they are.
type partner struct {
	*lab
	data, drop string
	platform   *platform
	sinks      *sinks
	oracle     *oracle
}

// The clients of a partner and what each of them wants.
var wants = map[string]func(six) bool{
	"all":    func(six) bool { return true },
	"posted": func(s six) bool { return s.Event == "Posted" },
	"sevens": func(s six) bool { return s.Application[len(s.Application)-1] == '7' },
	"drop":   func(s six) bool { return s.Event == "Funded" },
	"data":   func(s six) bool { return amount(s.Application) >= 5000 },
}

// application is what the API tells of an application, and amount a number in it.
func application(number string) string {
	return fmt.Sprintf(`{"applicationId":%q,"status":"Posted","amount":%d}`, number, amount(number))
}

func amount(number string) int { return int(number[len(number)-1]-'0') * 1000 }

// partner makes a data folder with clients: four web addresses, one of which
// wants the application's data and is choosy about it, and a folder.
func (l *lab) partner() (*partner, error) {
	api, err := l.newPlatform("api-secret", "api-token", application)
	if err != nil {
		return nil, err
	}
	posted := series(api.api + "/v1/application/")
	s, err := l.newSinks(posted)
	if err != nil {
		return nil, err
	}
	p := &partner{lab: l, platform: api, sinks: s, oracle: &oracle{series: posted}}
	if p.data, err = l.folder("store"); err != nil {
		return nil, err
	}
	if p.drop, err = l.folder("drop"); err != nil {
		return nil, err
	}
	if err := errors.Join(l.once(p.data), api.configure(p.data)); err != nil {
		return nil, err
	}
	common := []string{"--first", "1s", "--longest", "2s", "--give-up", "24h", "--concurrency", strconv.Itoa(hands)}
	for _, args := range [][]string{
		append([]string{"client", "add", "all", "--kind", "web", "--set", "url=" + s.url + "all"}, common...),
		append([]string{"client", "add", "posted", "--kind", "web", "--set", "url=" + s.url + "posted"}, common...),
		append([]string{"client", "add", "sevens", "--kind", "web", "--set", "url=" + s.url + "sevens"}, common...),
		append([]string{"client", "add", "data", "--kind", "web", "--with-data", "--set", "url=" + s.url + "data"}, common...),
		append([]string{"client", "add", "drop", "--kind", "folder", "--set", "path=" + p.drop, "--set", "body=notification"}, common...),
		{"subscription", "add", "all"},
		{"subscription", "add", "posted", "--event", "Posted"},
		{"subscription", "add", "sevens", "--when", `notification.id endsWith "7"`},
		{"subscription", "add", "data", "--when", "application.amount >= 5000"},
		{"subscription", "add", "drop", "--event", "Funded"},
	} {
		if _, err := l.ppm(p.data, args...); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// flaky has clients and API fail now and then, or not any more.
func (p *partner) flaky(is bool) {
	p.sinks.flaky.Store(is)
	p.platform.flaky.Store(is)
}

// settle starts the program once more, with every client well, waits until
// everything has been delivered, and compares that with what was acknowledged.
func (p *partner) settle(kills int) error {
	p.flaky(false)
	service, err := p.serve(p.data)
	if err != nil {
		return err
	}
	began := time.Now()
	s, err := p.allDelivered()
	p.figure("settled after", time.Since(began).Milliseconds(), "ms")
	if err != nil {
		return err
	}
	if err := errors.Join(p.verify(p.data, p.oracle), service.stop(), p.verifyFile(p.data, p.oracle), p.sinks.fault); err != nil {
		return err
	}
	p.kept(p.oracle)
	return errors.Join(p.compare(s, kills), p.routedOnce())
}
