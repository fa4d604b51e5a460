package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

func TestSetChangesOneLineAndNoOther(t *testing.T) {
	for _, tt := range []struct{ name, before, key, value, after string }{
		{"value in place, comment kept",
			"# mine\n[receiver]\n  listen  =  \":1\"  # keep\npath = \"/a\"\n",
			"receiver.listen", ":443",
			"# mine\n[receiver]\n  listen  =  \":443\"  # keep\npath = \"/a\"\n"},
		{"value in place, no line break at the end",
			"[receiver]\nlisten = \":1\"", "receiver.listen", ":443",
			"[receiver]\nlisten = \":443\""},
		{"below its commented default",
			"[receiver]\n# Where\n#listen = \":1\"\n\n#path = \"/\"\n[dashboard]\n#listen = \"x\"\n", "receiver.listen", ":443",
			"[receiver]\n# Where\n#listen = \":1\"\nlisten = \":443\"\n\n#path = \"/\"\n[dashboard]\n#listen = \"x\"\n"},
		{"at the end of its section",
			"[receiver]\npath = \"/a\" # a\n\n# of the next\n[dashboard]\n", "receiver.listen", ":443",
			"[receiver]\npath = \"/a\" # a\nlisten = \":443\"\n\n# of the next\n[dashboard]\n"},
		{"in an empty section",
			"[receiver]\n[dashboard]", "dashboard.listen", "127.0.0.1:1",
			"[receiver]\n[dashboard]\nlisten = \"127.0.0.1:1\"\n"},
		{"a new section",
			"[receiver]\npath = \"/a\"", "receiver.tls.domain", "a.example",
			"[receiver]\npath = \"/a\"\n[receiver.tls]\ndomain = \"a.example\"\n"},
		{"an empty file", "", "receiver.listen", ":443", "[receiver]\nlisten = \":443\"\n"},
		{"only a byte-order mark", byteOrderMark, "receiver.listen", ":443", byteOrderMark + "[receiver]\nlisten = \":443\"\n"},
		{"Windows line breaks",
			byteOrderMark + "[receiver]\r\npath = \"/a\"\r\n", "receiver.listen", ":443",
			byteOrderMark + "[receiver]\r\npath = \"/a\"\r\nlisten = \":443\"\r\n"},
		{"Windows line breaks, in place",
			"[receiver]\r\npath = '/a'\r\n", "receiver.path", "/b",
			"[receiver]\r\npath = \"/b\"\r\n"},
		{"a value of several lines",
			"[receiver]\npassword = \"\"\"\\\n  a\\\n  b\"\"\" # c\npath = \"/\"\n", "receiver.password", "p",
			"[receiver]\npassword = \"p\" # c\npath = \"/\"\n"},
		{"quotes before the closing quotes",
			"[receiver]\npassword = \"\"\"a\"\"\"\" # c\n", "receiver.password", "p",
			"[receiver]\npassword = \"p\" # c\n"},
		{"an escaped quote",
			"[receiver]\npassword = \"a\\\"#\" # c\n", "receiver.password", "p",
			"[receiver]\npassword = \"p\" # c\n"},
		{"what looks like the key in a value of several lines",
			"[clearmatch]\nscope = '''\n#client_id = 1\nclient_id = 2\n'''\n", "clearmatch.client_id", "x",
			"[clearmatch]\nscope = '''\n#client_id = 1\nclient_id = 2\n'''\nclient_id = \"x\"\n"},
		{"dotted key",
			"receiver.tls.mode = \"proxy\"\n[dashboard]\n", "receiver.tls.mode", "self-signed",
			"receiver.tls.mode = \"self-signed\"\n[dashboard]\n"},
		{"beside a dotted key",
			"receiver.tls.mode = \"proxy\"\n[dashboard]\n", "receiver.path", "/a",
			"receiver.tls.mode = \"proxy\"\nreceiver.path = \"/a\"\n[dashboard]\n"},
		{"beside a dotted key in a section",
			"[receiver]\ntls.mode = \"proxy\"\n", "receiver.tls.domain", "a.example",
			"[receiver]\ntls.mode = \"proxy\"\ntls.domain = \"a.example\"\n"},
		{"quoted key",
			"[\"receiver\"]\n'path' = \"/a\"\n\"l\\u0069sten\" = \":1\"\n", "receiver.listen", ":443",
			"[\"receiver\"]\n'path' = \"/a\"\n\"l\\u0069sten\" = \":443\"\n"},
		{"a number", "[receiver]\nmax_connections = 1_000\n", "receiver.max_connections", "007",
			"[receiver]\nmax_connections = 7\n"},
		{"a Windows path", "[receiver.tls]\n", "receiver.tls.password", `C:\it's`,
			"[receiver.tls]\npassword = \"C:\\\\it's\"\n"},
		{"a Windows path without a quote", "[receiver.tls]\n", "receiver.tls.password", `C:\it`,
			"[receiver.tls]\npassword = 'C:\\it'\n"},
		{"faults of others do not stand in the way",
			"[receiver]\nlisten = \"1\"\npath = \"x\"\n", "receiver.path", "/",
			"[receiver]\nlisten = \"1\"\npath = \"/\"\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := change("c", tt.before, tt.key, tt.value)
			if err != nil {
				t.Fatal(err)
			}
			if got != tt.after {
				t.Errorf("got\n%q\nwant\n%q", got, tt.after)
			}
		})
	}
}

func TestSetRefusesAndLeavesTheFileUntouched(t *testing.T) {
	for _, tt := range []struct{ before, key, value, want string }{
		{"[receiver]\n", "receiver.pasword", "x", "receiver.pasword: no such setting; did you mean receiver.password?"},
		{"[receiver]\n", "receiver", "x", "receiver: no such setting"},
		{"[receiver]\n", "receiver.listen", "x", `receiver.listen: "x" is not an address and port; write it like`},
		{"[receiver]\n", "receiver.listen", "\xff", "receiver.listen: not UTF-8 text"},
		{"[receiver]\n", "receiver.max_connections", "many", "receiver.max_connections: not a whole number"},
		{"[receiver]\n", "receiver.max_connections", "99999999999999999999", "receiver.max_connections: not a whole number"},
		{"[receiver]\nlisten = \":443\"\n", "receiver.tls.mode", "proxy", "receiver.listen: reachable from other machines"},
		{"[receiver]\nlisten = \"1\"\n", "receiver.listen", "1", `receiver.listen: "1" is not an address`},
		{"[receiver\n", "receiver.path", "/", "config.toml, line 1: a section without its closing bracket"},
		{"receiver = { path = \"/a\" }\n", "receiver.path", "/", "has all of receiver on line 1: write it as a section [receiver] with one setting a line"},
		{"[receiver]\n\ntls = { mode = \"proxy\" }\n", "receiver.tls.mode", "self-signed", "has all of receiver.tls on line 3"},
		{"[[receiver]]\n", "receiver.path", "/", "receiver.path: not set, because"},
		{"[receiver.path]\n", "receiver.path", "/", "receiver.path: not set, because"},
	} {
		dir := t.TempDir()
		write(t, dir, tt.before)
		err := Set(dir, tt.key, tt.value)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("Set(%s, %q) in %q = %v; want %s", tt.key, tt.value, tt.before, err, tt.want)
		}
		if got := readBack(t, dir); got != tt.before {
			t.Errorf("Set(%s, %q) refused, but made %q of %q", tt.key, tt.value, got, tt.before)
		}
	}
}

func TestSetWithoutAFileWritesTheExplainedOne(t *testing.T) {
	dir := t.TempDir()
	if err := Set(dir, "receiver.listen", ":443"); err != nil {
		t.Fatal(err)
	}
	line := "#listen = \"127.0.0.1:8443\"\n"
	if want := strings.Replace(defaultFile, line, line+"listen = \":443\"\n", 1); readBack(t, dir) != want {
		t.Errorf("the file is\n%s", readBack(t, dir))
	}
	onlyOwner(t, Path(dir), 0o600)
}

func TestSetKeepsModeAndLinkAndLeavesNothingBehind(t *testing.T) {
	dir, elsewhere := t.TempDir(), t.TempDir()
	target := filepath.Join(elsewhere, "office.toml")
	if err := os.WriteFile(target, nil, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, Path(dir)); err != nil && runtime.GOOS != "windows" {
		t.Fatal(err)
	} else if err != nil { // on Windows links are a privilege
		target = Path(dir)
		write(t, dir, "")
	}
	if err := Set(dir, "receiver.path", "/x"); err != nil {
		t.Fatal(err)
	}
	if err := Set(dir, "receiver.path", "nonsense"); err == nil {
		t.Error("nonsense is accepted")
	}
	c, err := Load(dir, nil)
	if err != nil || c.Receiver.Path != "/x" {
		t.Errorf("Load = %q, %v", c.Receiver.Path, err)
	}
	if text, err := os.ReadFile(target); err != nil || !strings.Contains(string(text), "/x") {
		t.Errorf("the file linked to holds %q, %v", text, err)
	}
	onlyOwner(t, target, 0o640)
	for _, d := range []string{dir, elsewhere} {
		entries, err := os.ReadDir(d)
		if err != nil || len(entries) > 1 {
			t.Errorf("%s holds %v, %v", d, entries, err)
		}
	}
}

func readBack(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(Path(dir))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// onlyOwner checks the mode of path, where modes mean something.
func onlyOwner(t *testing.T, path string, want fs.FileMode) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Mode().Perm(); got != want && runtime.GOOS != "windows" {
		t.Errorf("%s has mode %o; want %o", path, got, want)
	}
}
