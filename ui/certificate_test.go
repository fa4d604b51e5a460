package ui

import (
	"context"
	"errors"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
)

func TestACertificateIsRenewedAtOnceWhenSomebodyAsks(t *testing.T) {
	m := remember(0)
	want := Certificate{Mode: "autocert", Names: []string{"ppm.example"}, Issuer: "R3", From: noon, Until: noon.AddDate(0, 0, 90), Issuance: &Issuance{Domain: "ppm.example", Shown: "issued", Next: noon.AddDate(0, 0, 45)}}
	var by string
	var fails error
	srv := httptest.NewServer(New(Options{Store: m, Token: token, Status: m.status, Renew: func(_ context.Context, who string) (Certificate, error) {
		by = who
		return want, fails
	}}).Handler())
	defer srv.Close()
	c, err := NewRemote(srv.URL, token)
	check(t, err)
	defer c.Close()

	got, err := c.RenewCertificate(t.Context(), "maria")
	if err != nil || by != "maria" || !reflect.DeepEqual(got, want) {
		t.Errorf("RenewCertificate = %+v, %v, by %s; want %+v", got, err, by, want)
	}
	fails = errors.New("ca.example cannot be reached")
	if _, err := c.RenewCertificate(t.Context(), "maria"); err == nil || !strings.Contains(err.Error(), "ca.example cannot be reached") {
		t.Errorf("RenewCertificate = %v", err)
	}
	if _, err := c.RenewCertificate(t.Context(), ""); err == nil || !strings.Contains(err.Error(), "by:") {
		t.Errorf("without a name: %v", err)
	}
	for _, method := range []string{"GET", "HEAD"} {
		by = ""
		if answer, _ := ask(t, srv, method, "/api/v1/certificate/renew?by=maria", "Authorization: Bearer "+token); answer.StatusCode != 405 || by != "" {
			t.Errorf("%s = %s, by %q", method, answer.Status, by)
		}
	}
}

func TestWhereNoCertificateIsOrderedThatIsSaid(t *testing.T) {
	c := remote(t, remember(0))
	if _, err := c.RenewCertificate(t.Context(), "maria"); err == nil || !strings.Contains(err.Error(), "receiver.tls.mode") {
		t.Errorf("RenewCertificate = %v", err)
	}
}
