package browser

import (
	"regexp"
	"testing"
)

var deadLine = regexp.MustCompile(`"receipt":"([^"]+)"`)

func TestFromHomeToOneNotificationInTwoClicks(t *testing.T) {
	s := newService(t)
	s.fill(20)
	s.start()
	s.settled()
	b := browse(t, s)
	b.signIn(s)
	b.until(`document.querySelector("h1").innerText === "One thing needs you."`)
	b.until(`document.querySelector("#live").dataset.state === "live"`)
	b.click(`nav a[href="/notifications"]`)
	b.until(`document.querySelectorAll("[data-row]").length === 20`)
	b.click(`[data-row] a[data-open-row]`)
	b.until(`document.querySelector("#detail h1")`)
	b.until(`document.querySelector(".timeline").innerText.includes("Received, kept on disk and acknowledged")`)
}
