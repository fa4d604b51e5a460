package config

import (
	"strings"
	"testing"
)

func FuzzSetAndLoad(f *testing.F) {
	for _, text := range []string{
		defaultFile, "", byteOrderMark + "[receiver]\r\nlisten = ':1' # a\r\n",
		"receiver.tls = { mode = 'proxy', domain = \"\" }\n", "[[receiver]]\n[[receiver]]\n",
		"receiver.\"listen\" = \"\"\"\n:1\"\"\"\"\n[receiver.tls]\n", "[receiver]\npath = [ # a\n 1, '''\n]''' ]\n",
		"[dashboard]\n# listen = 1\nlisten = 1979-05-27 07:32:00\n", "a = nan\n[receiver]", "\"\" = {}\n'a.b' = []",
	} {
		f.Add(text, "receiver.listen", "127.0.0.1:1")
		f.Add(text, "receiver.tls.password", "\\'\"\x00\n\u007f\u0085")
		f.Add(text, "receiver.max_connections", "5")
	}
	f.Fuzz(func(t *testing.T, text, key, value string) {
		before, had := read("c", text, []string{"PPM_RECEIVER_PATH=" + value})
		_ = before.List()
		_ = had.Error()
		after, err := change("c", text, key, value)
		if err != nil {
			return
		}
		c, has := read("c", after, nil)
		if has.about(key) {
			t.Fatalf("%q set to %q, but now %v", key, value, has)
		}
		place, ok := c.field(key)
		if !ok {
			t.Fatalf("set the unknown %q", key)
		}
		want, wrong := place.parse(value)
		if wrong != nil {
			t.Fatalf("%s took %q", key, value)
		}
		if !changesOnly(key, literal(want), text, after) {
			t.Fatalf("set %s to %q: more than that changed\nbefore %q\nafter  %q", key, value, text, after)
		}
		for line := range strings.Lines(text) {
			line = strings.TrimRight(line, "\r\n")
			if strings.HasPrefix(strings.TrimSpace(line), "#") && !strings.Contains(after, line) {
				// Inside a value of several lines a # begins no comment.
				if l, err := newLayout(text); err == nil && !l.inValue(strings.Index(text, line)) {
					t.Fatalf("set %s to %q: lost the line %q\nbefore %q\nafter  %q", key, value, line, text, after)
				}
			}
		}
	})
}
