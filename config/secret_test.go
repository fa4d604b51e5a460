package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
)

const canary = "canary-5f3a"

func TestSecretNeverPrints(t *testing.T) {
	type holder struct {
		Secret  Secret `toml:"secret"`
		Pointer *Secret
		List    []Secret
		Map     map[string]Secret
	}
	s := Secret(canary)
	things := map[string]any{
		"value":   s,
		"pointer": &s,
		"struct":  holder{s, &s, []Secret{s}, map[string]Secret{"s": s}},
		"nested":  &holder{Secret: s},
		"config":  Config{Receiver: Receiver{Password: s, TLS: TLS{Password: s}}, Store: Store{URL: s}},
		"error":   fmt.Errorf("sign in with %v: %w", s, errors.New("refused")),
	}
	for name, thing := range things {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			for _, verb := range strings.Split("v +v #v s +s #s q x X d T U c 20s -20s .3s z", " ") {
				fmt.Fprintf(&out, "%"+verb+"\n", thing)
			}
			fmt.Fprint(&out, thing)
			j, err := json.Marshal(thing)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(j)
			if err := toml.NewEncoder(&out).Encode(map[string]any{"thing": thing}); err != nil && name != "error" {
				t.Fatal(err)
			}
			for _, h := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
				slog.New(h).Info("settings", "thing", thing, slog.Group("in", "a", thing))
			}
			for _, leak := range []string{canary, fmt.Sprintf("%x", canary), fmt.Sprintf("%X", canary)} {
				if strings.Contains(out.String(), leak) {
					t.Errorf("shows the secret:\n%s", out.String())
				}
			}
			if !strings.Contains(out.String(), masked) {
				t.Errorf("does not say that there is a secret:\n%s", out.String())
			}
		})
	}
}

func TestSecretReveals(t *testing.T) {
	if got := Secret(canary).Reveal(); got != canary {
		t.Errorf("Reveal() = %q", got)
	}
	if got := fmt.Sprintf("[%v%q%#v]", Secret(""), Secret(""), Secret("")); got != "[]" {
		t.Errorf("the empty secret prints %q", got)
	}
}

func TestSettingsAndFaultsDoNotShowSecrets(t *testing.T) {
	for _, text := range []string{
		"[receiver]\npassword = " + canary,
		"[receiver]\npassword = \"" + canary,
		"[receiver]\npassword = '" + canary + "' " + canary,
		"[receiver]\npassword = \"" + canary + `\q"`,
		"[receiver]\npassword = [\"" + canary + `"]`,
		"[receiver]\npassword = \"\"\"" + canary + "\n\"\"\"",
		"[receiver]\npassword = \"" + canary + "\"\npassword = \"" + canary + `"`,
		"[receiver]\npassword " + canary,
		"[store]\nurl = \"postgres://ppm:" + canary + `@db/ppm"`,
		"[clearmatch]\napi_base = \"https://u:" + canary + `@api.example"`,
	} {
		_, faults := read("config.toml", text, nil)
		if len(faults) == 0 {
			t.Errorf("%q is accepted", text)
		}
		if strings.Contains(faults.Error(), canary) {
			t.Errorf("%q is refused with %v", text, faults)
		}
	}
	c, faults := read("config.toml", "[receiver]\npassword = \""+canary+`"`, []string{"PPM_CLEARMATCH_CLIENT_SECRET=" + canary})
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	if shown := fmt.Sprint(c, c.List()); strings.Contains(shown, canary) || !strings.Contains(shown, masked) {
		t.Errorf("shown as %s", shown)
	}
}
