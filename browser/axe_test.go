package browser

import (
	"os"
	"testing"

	"github.com/chromedp/chromedp"
)

// axe is what looks for barriers, as its own bytes; .ci/install fetches it.
func axe(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../.ci/browser/node_modules/axe-core/axe.min.js")
	if err != nil {
		t.Fatalf("axe is not installed (.ci/install does that): %v", err)
	}
	return string(text)
}

// barriers are what axe finds in the page, one a line.
const barriers = `axe.run(document, {resultTypes: ["violations"]}).then(r => r.violations.map(v => v.id + ": " + v.help + " in " + v.nodes.map(n => n.html).join(" and ")).join("\n"))`

func TestNoPageHasBarriers(t *testing.T) {
	script := axe(t)
	s := newService(t)
	s.fill(30)
	s.start()
	s.settled()
	b := browse(t, s)
	b.allow("401 (Unauthorized)")
	look := func(what string) {
		t.Helper()
		if _, err := chromedp.Run(b, chromedp.Evaluate[chromedp.Void](script+";undefined")); err != nil {
			t.Fatal(err)
		}
		found, err := chromedp.Run(b, chromedp.Evaluate[string](barriers, chromedp.EvalAwaitPromise))
		if err != nil {
			t.Fatal(err)
		}
		if found != "" {
			t.Errorf("%s:\n%s", what, found)
		}
	}
	b.visit(s.dashboard)
	look("the door")
	b.signIn(s)
	dead := "notifications/" + string(s.deadLetter())
	for _, address := range []string{
		"", "notifications", "notifications?q=is:needs-you", "notifications?q=zebra", "notifications?q=is:nonsense",
		dead, dead + "?tab=data", dead + "?tab=clients", dead + "?tab=received", dead + "?tab=history",
		"retry?q=is:needs-you", "retry?q=zebra", "notifications/nonsense",
	} {
		b.allow("404 (Not Found)")
		for _, scheme := range []string{"light", "dark"} {
			b.looks(1440, 900, scheme)
			b.visit(s.dashboard + address)
			look(address + ", " + scheme)
		}
		b.looks(390, 844, "light")
		look(address + ", narrow")
		if wide := value[int](b, "document.documentElement.scrollWidth"); wide > 390 {
			t.Errorf("%s is %d wide where there are 390", address, wide)
		}
	}
	b.looks(1440, 900, "light")
	b.visit(s.dashboard + "notifications")
	b.press("?")
	b.until(`document.querySelector("#keys[open]")`)
	look("the keys")
}
