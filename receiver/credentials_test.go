package receiver_test

import (
	"encoding/base64"
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"processmanager/receiver"
)

// opens reports whether the header value is answered with a 200.
func opens(t *testing.T, c *receiver.Credentials, value string) bool {
	t.Helper()
	o := options(t, new(journal))
	o.Credentials = c
	return post(newHandler(o), value, somebody, sample).Code == 200
}

func credentials(t *testing.T, username, password string, previous ...string) *receiver.Credentials {
	t.Helper()
	c, err := receiver.NewCredentials(username, password, previous...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPasswordOpensInEveryFormItIsKept(t *testing.T) {
	const typed = "correct horse: battery"
	for _, kept := range []string{typed, receiver.Verifier(typed, true), receiver.Verifier(typed, false)} {
		c := credentials(t, "clearmatch", kept)
		for _, tt := range []struct {
			value string
			opens bool
		}{
			{basic("clearmatch", typed+"x"), false}, // before the right one has been seen
			{basic("clearmatch", typed), true},
			{basic("clearmatch", typed), true}, // from memory
			{basic("clearmatch", typed+"x"), false},
			{basic("clearmatch", typed[1:]), false},
			{basic("clearmatch", ""), false},
			{basic("Clearmatch", typed), false},
			{basic("", typed), false},
			{basic("clearmatch", kept), kept == typed}, // the verifier is no password
			{strings.TrimRight(basic("clearmatch", typed), "="), true},
			{"Basic " + base64.StdEncoding.EncodeToString([]byte("clearmatch")), false},
			{"Basic", false},
			{"Basic ", false},
			{"Bearer " + basic("clearmatch", typed)[6:], false},
			{basic("clearmatch", strings.Repeat(typed, 1000)), false},
			{basic("clearmatch", typed), true},
		} {
			if got := opens(t, c, tt.value); got != tt.opens {
				t.Errorf("kept as %.12s…: %.60s opens: %v", kept, tt.value, got)
			}
		}
	}
}

// The names are what .NET of different ages makes of the same password.
func TestPasswordOpensInEveryCharacterSet(t *testing.T) {
	const typed = "Grüße für 5 €"
	for _, kept := range []string{typed, receiver.Verifier(typed, false)} {
		for name, sent := range map[string]string{
			"UTF-8":        typed,
			"Windows-1252": "Gr\xfc\xdfe f\xfcr 5 \x80",
		} {
			if !opens(t, credentials(t, "clearmatch", kept), basic("clearmatch", sent)) {
				t.Errorf("%s does not open", name)
			}
		}
	}
	// Latin-1 that happens to be UTF-8 too.
	if !opens(t, credentials(t, "Ã¼", "Ã©"), basic("\xc3\xbc", "\xc3\xa9")) {
		t.Error("Latin-1 that is also UTF-8 does not open")
	}
	if opens(t, credentials(t, "clearmatch", "Grusse"), basic("clearmatch", "Gr\xfcsse")) {
		t.Error("an accent makes no difference")
	}
}

func TestTwoPasswordsWhileOneIsChanged(t *testing.T) {
	c := credentials(t, "clearmatch", receiver.Verifier("new", false), receiver.Verifier("old", true), "older")
	for _, p := range []string{"older", "new", "old", "new", "older"} {
		if !opens(t, c, basic("clearmatch", p)) {
			t.Errorf("%s does not open", p)
		}
	}
	if opens(t, c, basic("clearmatch", "newold")) {
		t.Error("something else opens")
	}
}

func TestCredentialsThatCannotBe(t *testing.T) {
	whole := receiver.Verifier("x", false)
	for _, tt := range []struct{ username, password, says string }{
		{"", "x", "user name is empty"},
		{"a:b", "x", "colon"},
		{"a\n", "x", "control character"},
		{"a", "", "password is empty"},
		{"a", "x\x00", "control character"},
		{"a", strings.Repeat("x", 2000), "longer than"},
		{"a", "$sha256$", "not a whole one"},
		{"a", "$sha256$AAAAAAAAAAAAAAAAAAAAAA$AAAA", "not a whole one"},
		{"a", "$argon2id$v=19$m=1,t=1", "not a whole one"},
		{"a", whole[:len(whole)-40], "not a whole one"},
		{"a", strings.Replace(whole, "v=19", "v=16", 1), "does not do"},
		{"a", strings.Replace(whole, "m=19456", "m=99999999", 1), "does not do"},
		{"a", strings.Replace(whole, "p=1", "p=0", 1), "does not do"},
		{"a", strings.Replace(whole, "t=2", "t=x", 1), "not a whole one"},
	} {
		_, err := receiver.NewCredentials(tt.username, tt.password)
		if err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%q, %.30q: %v; want %s", tt.username, tt.password, err, tt.says)
		}
		if err != nil && tt.password != "" && strings.Contains(err.Error(), tt.password) {
			t.Errorf("the error tells the password: %v", err)
		}
		if tt.username == "a" {
			if _, err := receiver.NewCredentials("a", "fine", tt.password); err == nil {
				t.Errorf("%.30q is taken as a previous password", tt.password)
			}
		}
	}
}

func TestGeneratedPassword(t *testing.T) {
	seen := make(map[string]bool)
	letters := make(map[rune]int)
	for range 2000 {
		p := receiver.GeneratePassword()
		if seen[p] || !regexp.MustCompile(`^[2-9a-hjkmnp-z]{27}$`).MatchString(p) {
			t.Fatalf("got %s", p)
		}
		seen[p] = true
		for _, c := range p {
			letters[c]++
		}
	}
	bits := 27 * math.Log2(float64(len(letters)))
	if len(letters) != 31 || bits < 128 {
		t.Errorf("%d different characters make %.0f bits", len(letters), bits)
	}
	for c, n := range letters { // 1,742 expected of each, standard deviation 41
		if n < 1742-300 || n > 1742+300 {
			t.Errorf("%c comes %d times of 54,000", c, n)
		}
	}
}

func TestVerifierDoesNotContainThePasswordAndIsSalted(t *testing.T) {
	for _, generated := range []bool{true, false} {
		a, b := receiver.Verifier("hunter2", generated), receiver.Verifier("hunter2", generated)
		if a == b || strings.Contains(a, "hunter2") {
			t.Errorf("got %s and %s", a, b)
		}
	}
}

// Before the right password has been seen for the first time, each wrong one
// costs an argon2id, one after the other. Once it has been, wrong ones must cost
// next to nothing, for whoever still waits too.
func TestWrongPasswordsAreCheapOnceTheRightOneIsKnown(t *testing.T) {
	o := options(t, new(journal))
	o.Credentials = credentials(t, "clearmatch", receiver.Verifier("typed by hand", false))
	h := newHandler(o)
	began := time.Now()
	var wrong sync.WaitGroup
	for i := range 20 {
		wrong.Go(func() {
			if w := post(h, basic("clearmatch", "guess"), fmt.Sprintf("10.0.%d.%d:1", i>>8, i&255), ""); w.Code != 401 {
				t.Errorf("a wrong password was answered %d", w.Code)
			}
		})
	}
	if w := post(h, basic("clearmatch", "typed by hand"), somebody, sample); w.Code != 200 {
		t.Fatalf("the right one was answered %d", w.Code)
	}
	known := time.Now()
	wrong.Wait()
	for i := range 1000 {
		if w := post(h, basic("clearmatch", "another guess"), fmt.Sprintf("10.1.%d.%d:1", i>>8, i&255), ""); w.Code != 401 {
			t.Fatalf("a wrong password was answered %d", w.Code)
		}
	}
	// An argon2id takes longer than 5 ms anywhere.
	if took := time.Since(known); took > 5*time.Second {
		t.Errorf("the others took %v after the first %v", took, known.Sub(began))
	}
}
