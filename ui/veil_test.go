package ui

import (
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestPersonalDataAreVeiledUntilAskedForAndThatIsNoted(t *testing.T) {
	m := furnished()
	srv, cookie := open(t, m)
	receipt := m.kept[59].Receipt
	for _, tab := range tabs {
		_, page := ask(t, srv, "GET", oneAddress(receipt, tab.Key, ""), cookie)
		for _, secret := range []string{"Mariposa", "Mariella", "m@example.org"} {
			if strings.Contains(page, secret) {
				t.Errorf("%s tells %s", tab.Name, secret)
			}
		}
	}
	if _, page := ask(t, srv, "GET", oneAddress(receipt, "data", ""), cookie); !strings.Contains(page, "1000.50") || !strings.Contains(page, "•••••") {
		t.Errorf("what is not personal is veiled, or what is, left out: %s", page)
	}
	answer := post(t, srv, "/notifications/"+string(receipt)+"/reveal", url.Values{"tab": {"data"}}, cookie)
	if len(m.actions) != 2 || m.actions[0].By != "maria" || m.actions[0].What != "personal data shown" || m.actions[0].About != "A000060" {
		t.Errorf("noted: %+v", m.actions)
	}
	_, page := ask(t, srv, "GET", answer.Header.Get("Location"), cookie)
	if !strings.Contains(page, "Mariella") || strings.Contains(page, "•••••") {
		t.Errorf("unveiled: %s", page)
	}
	if _, page := ask(t, srv, "GET", oneAddress(receipt, "story", ""), cookie); !strings.Contains(page, "Mariposa") {
		t.Errorf("the differences stay veiled: %s", page)
	}
	if _, page := ask(t, srv, "GET", oneAddress(receipt, "data", ""), signIn(t, srv)); strings.Contains(page, "Mariella") {
		t.Error("another visitor sees it too")
	}
}

func TestTheVeilFallsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s sessions
		cookie, _ := s.enter(s.invite("maria"))
		v := s.find(cookie)
		s.reveal(v, "A1")
		time.Sleep(revealTime - time.Second)
		if !s.hasRevealed(v, "A1") || s.hasRevealed(v, "A2") {
			t.Error("it is veiled early, or another is not")
		}
		time.Sleep(2 * time.Second)
		if s.hasRevealed(v, "A1") {
			t.Error("it stays unveiled")
		}
	})
}

func TestWhatIsPersonal(t *testing.T) {
	for _, name := range []string{"firstName", "last_name", "name", "dateOfBirth", "email", "homePhone", "mobile", "street", "postCode", "IBAN", "accountNumber", "borrower", "monthlyIncome", "employerName"} {
		if !isPersonal(name) {
			t.Errorf("%s is not veiled", name)
		}
	}
	for _, name := range []string{"id", "amount", "status", "product", "termMonths", "rate", "notificationType", "partnerCode", "eventTime", "fileName", "productName"} {
		if isPersonal(name) {
			t.Errorf("%s is veiled", name)
		}
	}
}
