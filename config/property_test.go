package config

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// samples draw acceptable values of some settings.
var samples = map[string]*rapid.Generator[string]{
	"receiver.listen":                      rapid.StringMatching(`127\.0\.0\.[1-9]:[1-9][0-9]{3}`),
	"receiver.path":                        rapid.StringMatching(`/[a-z0-9]{1,8}(/[a-z.]{3,8}){0,2}`),
	"receiver.username":                    rapid.StringMatching(`[^:\pC]{1,20}`),
	"receiver.password":                    rapid.StringMatching(`[^\pC]{0,40}`),
	"receiver.max_connections":             rapid.StringMatching(`[1-9][0-9]{0,3}`),
	"receiver.max_connections_per_address": rapid.StringMatching(`[1-9][0-9]{0,3}`),
	"receiver.tls.password":                rapid.String(),
	"receiver.tls.domain":                  rapid.StringMatching(`[a-z]{1,9}\.example`),
	"dashboard.listen":                     rapid.StringMatching(`localhost:[1-9][0-9]{2}`),
	"clearmatch.client_id":                 rapid.String(),
	"clearmatch.client_secret":             rapid.String(),
	"clearmatch.scope":                     rapid.String(),
}

// aFile draws a settings file as people may have left it.
func aFile(t *rapid.T) string {
	lineBreak := rapid.SampledFrom([]string{"\n", "\r\n"}).Draw(t, "line break")
	filler := rapid.SampledFrom([]string{"", "  ", "# a comment", "#listen = \"old\"", "\t# [receiver]", "# “quotes” '''"})
	var lines []string
	for _, section := range rapid.Permutation(sections()).Draw(t, "sections") {
		lines = append(lines, rapid.SliceOfN(filler, 0, 2).Draw(t, "above")...)
		if rapid.IntRange(0, 3).Draw(t, "has section") == 0 {
			continue
		}
		lines = append(lines, "["+section+"]"+rapid.SampledFrom([]string{"", " # why"}).Draw(t, "after header"))
		for _, key := range keys() {
			parent, name := cutLast(key)
			sample := samples[key]
			if sample == nil || parent != section || rapid.Bool().Draw(t, "without "+key) {
				continue
			}
			var c Config
			f, _ := c.field(key)
			v, wrong := f.parse(sample.Draw(t, key))
			if wrong != nil {
				t.Fatal(wrong)
			}
			before := rapid.SampledFrom([]string{"", " ", "\t"}).Draw(t, "indent")
			after := rapid.SampledFrom([]string{"", " ", " # \"why\""}).Draw(t, "after")
			lines = append(lines, rapid.SliceOfN(filler, 0, 2).Draw(t, "above")...)
			lines = append(lines, before+name+" = "+literal(v)+after)
		}
	}
	mark := rapid.SampledFrom([]string{"", byteOrderMark}).Draw(t, "mark")
	end := rapid.SampledFrom([]string{"", lineBreak}).Draw(t, "end")
	return mark + strings.Join(lines, lineBreak) + end
}

func TestWhatIsSetIsLoadedAndAllOtherLinesStay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := aFile(t)
		old, faults := read("c", before, nil)
		if len(faults) > 0 {
			t.Fatalf("%q: %v", before, faults)
		}
		key := rapid.SampledFrom(slices.Sorted(maps.Keys(samples))).Draw(t, "key")
		value := samples[key].Draw(t, "value")
		after, err := change("c", before, key, value)
		if err != nil {
			t.Fatalf("set %s to %q in %q: %v", key, value, before, err)
		}
		c, faults := read("c", after, nil)
		if len(faults) > 0 {
			t.Fatalf("%q: %v", after, faults)
		}
		was := old.fields()
		for i, f := range c.fields() {
			want := was[i].value.Interface()
			if f.key == key {
				v, _ := f.parse(value)
				var d Config
				wanted, _ := d.field(key)
				wanted.mustSet(v)
				want = wanted.value.Interface()
			}
			if f.value.Interface() != want {
				t.Fatalf("set %s to %q: %s is now %#v", key, value, f.key, f.value)
			}
		}
		if err := onlyLineChanged(before, after, key); err != "" {
			t.Fatalf("set %s to %q: %s\nbefore %q\nafter  %q", key, value, err, before, after)
		}
		again, err := change("c", after, key, value)
		if err != nil || again != after {
			t.Fatalf("set a second time: %q, %v", again, err)
		}
	})
}

// onlyLineChanged says what is wrong if after differs from before in more than
// the line of key, or the lines that were put in for it.
func onlyLineChanged(before, after, key string) string {
	before, marked := strings.CutPrefix(before, byteOrderMark)
	after, still := strings.CutPrefix(after, byteOrderMark)
	if marked != still {
		return "the byte-order mark is gone or new"
	}
	b, a := slices.Collect(strings.Lines(before)), slices.Collect(strings.Lines(after))
	top := 0
	for top < min(len(a), len(b)) && a[top] == b[top] {
		top++
	}
	a, b = a[top:], b[top:]
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	_, name := cutLast(key)
	switch {
	case len(b) == 0: // put in
	case len(b) == 1 && strings.HasPrefix(strings.TrimSpace(b[0]), name): // replaced
		return ""
	case len(b) == 1 && strings.TrimRight(a[0], "\r\n") == b[0]: // it lacked its line break
		a = a[1:]
	default:
		return "more than its line is gone"
	}
	if len(a) > 2 {
		return "more than a section and a line is new"
	}
	return ""
}

func TestEveryNearMissIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.SampledFrom(keys()).Draw(t, "key")
		at := rapid.IntRange(0, len(key)-1).Draw(t, "at")
		letter := rapid.StringMatching(`[a-z]`).Draw(t, "letter")
		for _, slip := range []string{key[:at] + key[at+1:], key[:at] + letter + key[at:], key[:at] + letter + key[at+1:]} {
			if slices.Contains(keys(), slip) {
				continue
			}
			if near := nearest(slip, keys()); !slices.Contains(near, key) {
				t.Fatalf("for %s it suggests %q", slip, near)
			}
		}
	})
}
