package ppm_test

import (
	"strings"
	"testing"

	"processmanager/ppm"
)

func TestNamesOfClients(t *testing.T) {
	for name, wrong := range map[string]string{
		"CRM": "", "Billing 2.0": "", "büro_é-1": "", strings.Repeat("ü", 64): "",
		"":                      "needs a name",
		strings.Repeat("ü", 65): "64 characters",
		" CRM":                  "space",
		"CRM ":                  "space",
		"a/b":                   `'/'`,
		"a\nb":                  `'\n'`,
		"a\xff":                 "UTF-8",
		"<b>":                   `'<'`,
	} {
		err := ppm.CheckName(name)
		if wrong == "" && err != nil || wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)) {
			t.Errorf("%q: %v; want %q", name, err, wrong)
		}
	}
	if !ppm.SameName("Büro", "BÜRO") || ppm.SameName("Büro", "Buro") {
		t.Error("names are compared without regard to capitals, and to nothing else")
	}
}
