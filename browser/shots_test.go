package browser

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"processmanager/ppm"
)

// TestScreenshots makes the pictures of docs/screenshots:
//
//	go test ./browser -run Screenshots -screenshots ../docs/screenshots
//
// and without a folder sees at least that all pages can be shown.
func TestScreenshots(t *testing.T) {
	s := newService(t)
	s.fill(90)
	s.start()
	s.settled()
	last := s.send(s.notification(90, time.Now()))
	s.settled()
	dead := s.deadLetter()
	b := browse(t, s)
	picture := func(name string, width, height int64, scheme, address string) {
		b.looks(width, height, scheme)
		b.visit(address)
		b.until(`document.readyState === "complete"`)
		if *screenshots == "" {
			return
		}
		png, err := chromedp.Run(b, chromedp.CaptureScreenshot())
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(*screenshots, name+".png"), png, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b.allow("401 (Unauthorized)") // which is how the door is answered
	picture("door-light", 1440, 900, "light", s.dashboard)
	b.signIn(s)
	list, one := s.dashboard+"notifications", s.dashboard+"notifications/"
	for _, p := range []struct{ name, address string }{
		{"home", s.dashboard},
		{"notifications", list},
		{"search", list + "?q=is:needs-you"},
		{"nothing", list + "?q=zebra"},
		{"notification", one + string(dead)},
		{"data", one + string(last) + "?tab=data"},
		{"clients", one + string(dead) + "?tab=clients"},
		{"received", one + string(last) + "?tab=received"},
		{"retry", s.dashboard + "retry?q=is:needs-you"},
	} {
		picture(p.name+"-light", 1440, 900, "light", p.address)
		picture(p.name+"-dark", 1440, 900, "dark", p.address)
		picture(p.name+"-narrow", 390, 844, "light", p.address)
	}
}

// deadLetter returns a notification that something gave up on.
func (s *service) deadLetter() ppm.Receipt {
	s.t.Helper()
	m := deadLine.FindStringSubmatch(s.ppm("list", "--dead", "--json", "--limit", "1"))
	if m == nil {
		s.t.Fatal("nothing has given up")
	}
	return ppm.Receipt(m[1])
}
