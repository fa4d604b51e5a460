// Package dbtest is the contract of package db as tests. Every engine runs it.
package dbtest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// An Engine is what the contract is held against.
type Engine struct {
	// Open opens the store of the data folder dir.
	Open func(dir string) (db.Store, error)
	// Restore puts a backup in the place of the store in dir.
	Restore func(dir, backup string) error
}

// tests are some of the contract's, by what they show.
type tests map[string]func(*testing.T, Engine)

// Run holds e to the contract.
func Run(t *testing.T, e Engine) {
	for _, some := range []tests{
		acceptTests, readTests, rejectTests, backupTests,
		clientTests, subscriptionTests, auditTests, healthTests,
		idleTests, routeTests, claimTests, lineTests, recordTests, fetchTests, deadTests, resendTests, refetchTests, randomTests,
		eraseTests, eraseWorkTests, expireTests,
	} {
		for name, test := range some {
			t.Run(name, func(t *testing.T) { test(t, e) })
		}
	}
}

// A tester is a test, or one run of a property.
type tester interface {
	Context() context.Context
	Helper()
	Error(args ...any)
	Errorf(format string, args ...any)
	Fatal(args ...any)
	Fatalf(format string, args ...any)
}

func (e Engine) open(t *testing.T, dir string) db.Store {
	t.Helper()
	s, err := e.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error("close:", err)
		}
	})
	return s
}

// Arrival returns an arrival of a notification about the i-th application.
func Arrival(i int) ppm.Arrival {
	n := ppm.Notification{
		Application: fmt.Sprintf("A%06d", i),
		Type:        "batchApplicationStatusChange",
		Partner:     "XXXXXXXX",
		Event:       "Posted",
		EventTime:   time.Unix(1483228800+int64(i), 0).UTC().Format("2006-01-02T15:04:05"),
	}
	n.Content = "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/" + n.Application
	return ppm.Arrival{
		Notification: n,
		Body:         fmt.Appendf(nil, "\ufeff{ \"Id\": %q, \"note\": \"Straße\\u0000 %d\" }\r\n", n.Application, i),
		At:           time.Date(2026, 11, 23, 9, 0, 0, 123456000, time.UTC).Add(time.Duration(i) * time.Second),
		From:         "192.0.2.7",
	}
}

func accept(t tester, s db.Store, a ppm.Arrival) ppm.Acknowledgement {
	t.Helper()
	ack, err := s.Accept(t.Context(), a)
	if err != nil {
		t.Fatal("accept:", err)
	}
	return ack
}

func find(t tester, s db.Store, r ppm.Receipt) ppm.Detail {
	t.Helper()
	d, err := s.Find(t.Context(), r)
	if err != nil {
		t.Fatal("find:", err)
	}
	return d
}

func counts(t tester, s db.Store) ppm.Counts {
	t.Helper()
	c, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal("counts:", err)
	}
	if sum := c.Notifications.Queued + c.Notifications.Complete + c.Notifications.Failed; sum != c.Accepted {
		t.Errorf("queued + complete + failed = %d, accepted = %d", sum, c.Accepted)
	}
	return c
}
