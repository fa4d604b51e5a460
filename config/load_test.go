package config

import (
	"errors"
	"os"
	"strings"
	"testing"
)

func TestEnvironmentIsOverFileIsOverDefault(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "[receiver]\nlisten = \":443\"\npath = \"/from-file\"\n")
	c, err := Load(dir, []string{"PPM_RECEIVER_PATH=/from-environment", "PPM_RECEIVER_MAX_CONNECTIONS=7", "PPM_DATA=/x", "PPM_DELIVERY_ID=1", "HOME=/y"})
	if err != nil {
		t.Fatal(err)
	}
	want := []struct {
		key, value string
		source     Source
		place      string
		line       int
	}{
		{"receiver.path", "/from-environment", FromEnvironment, "PPM_RECEIVER_PATH", 0},
		{"receiver.max_connections", "7", FromEnvironment, "PPM_RECEIVER_MAX_CONNECTIONS", 0},
		{"receiver.listen", ":443", FromFile, Path(dir), 2},
		{"receiver.username", "clearmatch", FromDefault, "", 0},
	}
	for _, w := range want {
		s, err := c.Get(w.key)
		if err != nil {
			t.Fatal(err)
		}
		if s.Value != w.value || s.Origin != (Origin{w.source, w.place, w.line}) {
			t.Errorf("%s = %q from %+v; want %q from %s %s", w.key, s.Value, s.Origin, w.value, w.source, w.place)
		}
	}
	if c.Receiver.Path != "/from-environment" || c.Receiver.MaxConnections != 7 || c.Receiver.Listen != ":443" {
		t.Errorf("loaded %+v", c.Receiver)
	}
}

func TestAMissingFileMeansDefaults(t *testing.T) {
	c, err := Load(t.TempDir(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Receiver != Default().Receiver {
		t.Errorf("loaded %+v", c.Receiver)
	}
}

func TestAFileThatCannotBeReadIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(Path(dir), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(dir, nil); err == nil || !strings.Contains(err.Error(), "read settings") {
		t.Errorf("Load = %v", err)
	}
}

func TestNotepadsFilesAreFine(t *testing.T) {
	c, faults := read("config.toml", byteOrderMark+"[receiver]\r\nlisten = \":443\"\r\n[receiver.tls]\r\nkey = ''\r\n", nil)
	if len(faults) > 0 || c.Receiver.Listen != ":443" || c.origin("receiver.listen").Line != 2 || c.origin("receiver.tls.key").Line != 4 {
		t.Errorf("read %q at %v, %v", c.Receiver.Listen, c.origins, faults)
	}
}

func TestAllFaultsAreReportedAtOnceEachWithItsPlace(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, `# office settings
[receiver]
pasword = "x"
listen = "8443"
max_connections = "many"
[receiver.tls]
mode = "files"
[reciever]
path = "/"
[dashboard]
listen = "0.0.0.0:8484"
`)
	_, err := Load(dir, []string{"PPM_RECEIVER_USERNAME=a:b", "PPM_RECEIVER_LISTN=:443", "PPM_RECEIVER_MAX_CONNECTIONS_PER_ADDRESS=0"})
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatalf("Load = %v", err)
	}
	at := func(line string) string { return " (" + Path(dir) + ", line " + line + ")" }
	want := []string{
		"receiver.pasword: no such setting; did you mean receiver.password?" + at("3"),
		"receiver.max_connections: not a whole number; write digits without quotes, such as 100" + at("5"),
		"reciever: no such section; did you mean receiver?" + at("8"),
		"PPM_RECEIVER_LISTN: no such variable; did you mean PPM_RECEIVER_LISTEN? (PPM_RECEIVER_LISTN in the environment)",
		`receiver.listen: "8443" is not an address and port; write it like "127.0.0.1:8443", or ":443" for every address of this machine` + at("4"),
		"receiver.username: a colon in it, where basic authentication cannot have one; leave the colon out (PPM_RECEIVER_USERNAME in the environment)",
		"receiver.max_connections_per_address: 0 is out of bounds; write a number from 1 to 65535 (PPM_RECEIVER_MAX_CONNECTIONS_PER_ADDRESS in the environment)",
		`receiver.tls.cert: empty, but receiver.tls.mode is "files"; write the path of the certificate (PEM or PFX)`,
		`dashboard.listen: reachable from other machines; write "127.0.0.1:8484": the dashboard is for this machine only` + at("11"),
	}
	if got := faults.Error(); got != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func TestSyntaxErrorsAreToldInPlainWords(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"[receiver]\nlisten = :443\n", `c, line 2: text without quotes; put it in quotes: "…"`},
		{"[receiver]\nusername = clearmatch\n", `c, line 2: text without quotes; put it in quotes: "…"`},
		{"[receiver]\n\nlisten = \":443\n", "c, line 3: a closing quote is missing; put the same quote before and after the text"},
		{"[receiver]\nlisten = \":443\" :80\n", "c, line 2: something stands after the closing quote; end the line there, or put # before a comment"},
		{"[receiver.tls]\ncert = \"C:\\certs\\office.pfx\"\n", `c, line 2: a backslash in double quotes; write a Windows path in single quotes: 'C:\folder\file'`},
		{"[receiver]\nlisten = “:443”\n", `c, line 2: typographic quotes; write straight ones: "…"`},
		{"[receiver]\nlisten\n", `c, line 2: neither a setting nor a section; write name = "value", or begin the line with # to make it a comment`},
		{"[receiver]\nlisten =\npath = \"/\"\n", `c, line 2: no value after the =; write the value, or "" for an empty one`},
		{"[receiver\nlisten = \"\"\n", "c, line 1: a section without its closing bracket; write it like [receiver]"},
		{"[receiver]\npath = \"/\"\npath = \"/\"\n", "c, line 3: given a second time; keep one of the two lines"},
		{"[receiver]\n[receiver]\n", "c, line 2: given a second time; keep one of the two lines"},
		{"[receiver]\npath = [\"/\"\n", `c, line 2: a list or table that is not closed; write the value as text in quotes: "…"`},
		{"[receiver]\r\npath = x\r\n", `c, line 2: text without quotes; put it in quotes: "…"`},
		{"[receiver]\npath = \"M\xfcller\"\n", `c, line 2: saved in an encoding other than UTF-8; in Notepad choose "Save as" and there the encoding UTF-8`},
		{"\xff\xfe[\x00r\x00]\x00", `c: saved as UTF-16, or not text at all; in Notepad choose "Save as" and there the encoding UTF-8`},
	} {
		_, faults := read("c", tt.text, nil)
		if got := faults.Error(); got != tt.want {
			t.Errorf("%q is refused with\n%s\nwant\n%s", tt.text, got, tt.want)
		}
	}
}

func TestAnUnreadableFileDoesNotHideTheEnvironmentsFaults(t *testing.T) {
	_, faults := read("c", "[receiver\n", []string{"PPM_RECEIVER_LISTEN=x", "PPM_RECEIVER_TLS_MODE=files"})
	if len(faults) != 2 || !faults.about("receiver.listen") {
		t.Errorf("faults are %v", faults) // that the file names no certificate is not known
	}
}

func TestValuesInTheWrongShape(t *testing.T) {
	for text, want := range map[string]string{
		"receiver = 5":                      "receiver: a section, not a setting",
		"[[receiver]]":                      "receiver: a section, not a setting",
		"[receiver.listen]":                 "receiver.listen: not text",
		"receiver = { tls = { mode = 5 } }": "receiver.tls.mode: not text",
		"receiver.max_connections = 1.5":    "receiver.max_connections: not a whole number",
		"\"receiver.path\" = \"/\"":         `"receiver.path": no such setting`,
		"[receiver]\nListen = ':1'":         "receiver.Listen: no such setting; did you mean receiver.listen?",
		"[receiver]\ndomain = 'a.example'":  "receiver.domain: no such setting; did you mean receiver.tls.domain?",
		"listen = ':1'":                     "listen: no such setting; did you mean receiver.listen or dashboard.listen?",
		"[nothing]\nlike = 'it'":            `nothing: no such section; "ppm config list" shows all there are`,
	} {
		_, faults := read("c", text, nil)
		if len(faults) != 1 || !strings.HasPrefix(faults.Error(), want) || faults[0].Line == 0 {
			t.Errorf("%q: %v; want %s", text, faults, want)
		}
	}
}

func TestAValueThatCannotBeReadIsNotAlsoMissing(t *testing.T) {
	_, faults := read("c", "[receiver.tls]\nmode = 'files'\ncert = 5\nkey = 5\n", nil)
	if len(faults) != 2 || faults[0].Problem != "not text" || faults[1].Problem != "not text" {
		t.Errorf("faults are %v", faults)
	}
}

func write(t *testing.T, dir, text string) {
	t.Helper()
	if err := os.WriteFile(Path(dir), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
