package dbtest

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

var eraseTests = tests{
	"ErasingLeavesNothing":       eraseLeavesNothing,
	"ErasingTwiceCountsOnce":     erasedTwice,
	"ErasingBlanksTheAuditLog":   erasedActions,
	"ErasingNeedsTheExactNumber": erasedExactly,
}

// secret is in everything personal of the application that is erased.
const secret = "Hannelore-Mustermann"

// personal returns an arrival whose body, beside the six members, tells a secret.
func personal(i int, application, note string) ppm.Arrival {
	a := Arrival(i)
	a.Application = application
	a.Body = []byte(`{"id":"` + application + `","note":"` + note + `"}`)
	return a
}

func erase(t tester, s db.Store, application string) ppm.Erased {
	t.Helper()
	e, err := s.Erase(t.Context(), application, "anna")
	if err != nil {
		t.Fatal("erase:", err)
	}
	return e
}

func eraseLeavesNothing(t *testing.T, e Engine) {
	dir := t.TempDir()
	s := e.open(t, dir)
	crm := keepClient(t, s, ppm.Client{Name: "CRM", Data: true, Ordered: true})
	var receipts []ppm.Receipt
	for i := range 3 {
		a := personal(i, "A000001", secret+" "+strings.Repeat("x", 5000*i))
		receipts = append(receipts, accept(t, s, a).Receipt)
		a.Body = append(a.Body, " "+secret...)
		accept(t, s, a) // again, with another body
	}
	other := accept(t, s, personal(9, "A0000010", "stays")).Receipt
	for _, body := range []string{`{"id" "A000001", ` + secret, `{"id" "A0000011", not this one`} {
		if err := s.Reject(t.Context(), ppm.Rejection{At: time.Now(), Status: 400, Reason: "a colon", Body: []byte(body)}); err != nil {
			t.Fatal(err)
		}
	}
	route(t, s, crm)
	at := time.Now()
	for i := range 3 { // one after the other, as they are ordered
		attempt(t, s, ppm.ClearmatchAPI, at, fetched(crm, "application.borrower is "+secret))
		attempt(t, s, crm, at, func(d ppm.Delivery) (ppm.Response, error) {
			if i == 0 {
				return ppm.Response{Status: 200, Excerpt: []byte("thanks for " + secret)}, nil
			}
			return ppm.Response{Status: 500, Excerpt: []byte(secret)}, errors.New("what is " + secret + "?")
		})
	}
	if found, _, err := s.Search(t.Context(), secret, ppm.Page{Limit: 10}); err != nil || len(found) != 3 {
		t.Fatalf("before erasing, the search finds %d, %v", len(found), err)
	}

	erased, err := s.Erase(t.Context(), "A000001", "tester")
	if err != nil {
		t.Fatal(err)
	}
	if erased.Notifications != 3 || erased.Rejections != 1 || erased.Stopped == 0 {
		t.Errorf("erased %+v", erased)
	}
	nowhere(t, dir, secret)
	for _, r := range receipts {
		d := find(t, s, r)
		if !d.Erased || d.Body != "" || d.Status == ppm.Queued {
			t.Errorf("%s is %s with body %q, erased %t", r, d.Status, d.Body, d.Erased)
		}
	}
	if d := find(t, s, other); d.Erased || d.Body == "" {
		t.Error("another application was erased too")
	}
	if found, _, err := s.Search(t.Context(), secret, ppm.Page{Limit: 10}); err != nil || len(found) != 0 {
		t.Errorf("after erasing, the search finds %v, %v", found, err)
	}
	if found, _, err := s.Search(t.Context(), "A000001", ppm.Page{Limit: 10}); err != nil || len(found) < 3 {
		t.Errorf("the application's number finds %v, %v", found, err)
	}
	again := accept(t, s, personal(0, "A000001", secret+" late"))
	if !again.Redelivery || again.Receipt != receipts[0] {
		t.Errorf("a late redelivery is answered %+v", again)
	}
	if _, err := s.Erase(t.Context(), "A000001", "tester"); err != nil {
		t.Fatal("a second time:", err)
	}
	nowhere(t, dir, secret)
	for _, client := range []int64{ppm.ClearmatchAPI, crm} {
		if n := attempt(t, s, client, at.Add(time.Hour), fetched(crm, "")); n != 0 {
			t.Errorf("%d deliveries of what was erased are still made", n)
		}
	}
	counts(t, s)
}

// nowhere looks for a word in every file of the data folder.
func nowhere(t *testing.T, dir, word string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, w := range []string{word, "hannelore"} { // the search index folds
			if i := bytes.Index(text, []byte(w)); i >= 0 {
				t.Errorf("%s still tells it: %q", filepath.Base(path), text[max(0, i-80):min(len(text), i+80)])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func erasedTwice(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	for i := range 120 { // more than one step
		a := Arrival(i)
		a.Application = "A056035"
		accept(t, s, a)
	}
	if got := erase(t, s, "A056035"); got != (ppm.Erased{Notifications: 120}) {
		t.Errorf("erased %+v, want 120 notifications", got)
	}
	lastAction(t, s, "erased", "A056035", "120 notifications, 0 rejections, 0 deliveries stopped")
	if got := erase(t, s, "A056035"); got != (ppm.Erased{}) {
		t.Errorf("erased %+v the second time", got)
	}
	if got := actions(t, s, "A056035"); len(got) != 2 || got[1].Details != "120 notifications, 0 rejections, 0 deliveries stopped" {
		t.Errorf("the audit log has %+v", got)
	}
	if _, err := s.Erase(t.Context(), "", "anna"); err == nil {
		t.Error("what has no number was erased")
	}
}

func erasedActions(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	receipt := accept(t, s, Arrival(1)).Receipt
	other := accept(t, s, Arrival(2)).Receipt
	number := Arrival(1).Application
	for _, a := range []ppm.Action{
		{What: "retried", About: number, Details: secret},
		{What: "retried", About: string(receipt), Details: secret},
		{What: "retried", About: "dead letters matching " + number + " " + secret, Details: "1 sent"},
		{What: "client tested", About: "CRM", Details: "with " + number + ": " + secret},
		{What: "retried", About: string(other), Details: "stays"},
		{What: "retried", About: "dead letters matching " + number + "0", Details: "stays"},
	} {
		a.At, a.By = time.Now(), "bert"
		if err := s.Audit(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	erase(t, s, number)
	var got []string
	for _, a := range actions(t, s, "") {
		if a.What != "erased" {
			got = append(got, a.About+": "+a.Details)
		}
	}
	slices.Reverse(got)
	want := []string{number + ": ", string(receipt) + ": ", number + ": ", "CRM: ", string(other) + ": stays", "dead letters matching " + number + "0: stays"}
	if !slices.Equal(got, want) {
		t.Errorf("the audit log has %q, want %q", got, want)
	}
}

func erasedExactly(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	numbers := []string{"1", "01", "11", "a-1", "A-1", "1 ", "***", "12345678901", "X2345678901", "45678901"}
	var receipts []ppm.Receipt
	for i, number := range numbers {
		a := Arrival(i)
		a.Application = number
		receipts = append(receipts, accept(t, s, a).Receipt)
	}
	for i, number := range numbers {
		if got := erase(t, s, number); got.Notifications != 1 {
			t.Errorf("erasing %q erased %+v", number, got)
		}
		for j, r := range receipts {
			if got := find(t, s, r).Erased; got != (j <= i) {
				t.Errorf("after erasing %q, %q is erased: %v", number, numbers[j], got)
			}
		}
	}
	if got := erase(t, s, "nobody"); got != (ppm.Erased{}) {
		t.Errorf("erasing nobody erased %+v", got)
	}
}
