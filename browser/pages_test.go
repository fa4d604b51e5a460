package browser

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
)

var deadLine = regexp.MustCompile(`"receipt":"([^"]+)"`)

// rows is how many rows the list shows.
const rows = `document.querySelectorAll("#rows [data-row]").length`

// ready starts a service with n notifications and signs a browser in.
func ready(t *testing.T, n int) (*service, *tab) {
	t.Helper()
	s := newService(t)
	s.fill(n)
	s.start()
	s.settled()
	b := browse(t, s)
	b.signIn(s)
	return s, b
}

func TestFromHomeToOneNotificationInTwoClicks(t *testing.T) {
	_, b := ready(t, 20)
	b.until(`document.querySelector("h1").innerText === "One thing needs you."`)
	b.until(`document.querySelector("#live").dataset.state === "live"`)
	b.until(`document.querySelector(".need h3").innerText === "CRM refuses the token"`)
	b.click(`nav a[href="/notifications"]`)
	b.until(rows + ` === 20`)
	b.click(`#rows a[data-open-row]`)
	b.until(`document.querySelector(".timeline").innerText.includes("Received, kept on disk and acknowledged")`)
	for _, tab := range []struct{ name, text string }{
		{"Data", "applicationNumber"}, {"Clients", "Loan book"}, {"As received", "notificationType"}, {"History", "Nobody did anything"},
	} {
		b.until(`[...document.querySelectorAll(".tabs a")].some(a => a.innerText === "` + tab.name + `" && (a.click(), true))`)
		b.until(`document.querySelector("#detail").innerText.includes("` + tab.text + `")`)
	}
}

func TestPersonalDataAreShownOnlyWhenAskedFor(t *testing.T) {
	s, b := ready(t, 3)
	b.visit(s.dashboard + "notifications/" + string(s.deadLetter()) + "?tab=data")
	if value[bool](b, `document.body.innerText.includes("Maria")`) {
		t.Error("it tells the name unasked")
	}
	b.click(`#detail form[action$="/reveal"] button`)
	b.until(`document.querySelector("#detail").innerText.includes("Maria")`)
	if !strings.Contains(s.ppm("history"), "personal data shown") {
		t.Error("it is not noted")
	}
}

func TestNewRowsComeByThemselvesOrAreOffered(t *testing.T) {
	s, b := ready(t, 3)
	b.visit(s.dashboard + "notifications")
	b.until(`document.querySelector("#live").dataset.state === "live"`)
	s.send(s.notification(100, time.Now()))
	b.until(rows + ` === 4`)
	b.click(`#rows input[name="receipt"]`)
	b.until(`!document.querySelector("#bulk").hidden && document.querySelector("[data-chosen]").innerText === "1"`)
	s.send(s.notification(101, time.Now()))
	b.until(`!document.querySelector("#fresh").hidden && document.querySelector("#fresh").textContent === "1 new – show"`)
	if n := value[int](b, rows); n != 4 {
		t.Errorf("%d rows while one is chosen", n)
	}
	b.click(`#fresh`)
	b.until(rows + ` === 5 && document.querySelector("#fresh").hidden`)
}

func TestALostConnectionIsToldAndFoundAgain(t *testing.T) {
	s, b := ready(t, 3)
	b.allow("ERR_")
	b.allow("503 (Service Unavailable)")
	b.allow("401 (Unauthorized)")
	state := func(want string) {
		t.Helper()
		b.until(`document.querySelector("#live").dataset.state === "` + want + `"`)
	}
	state("live")
	b.click(`[data-pause]`)
	state("paused")
	b.click(`[data-pause]`)
	state("live")
	s.stop()
	state("lost")
	b.until(`document.querySelector("#live").innerText.trim() === "Connection lost"`)
	s.start()
	state("out") // a restart ends the session
	b.signIn(s)
	state("live")
}

func TestTheKeysDoWhatTheySay(t *testing.T) {
	s, b := ready(t, 8)
	b.press("g")
	b.press("l")
	b.until(rows + ` === 8`)
	here := func(n int) {
		t.Helper()
		b.until(`document.querySelectorAll("#rows [data-row]")[` + string(rune('0'+n)) + `].classList.contains("here")`)
	}
	b.press("j")
	here(0)
	b.press("j")
	b.press("j")
	b.press("k")
	here(1)
	b.press("x")
	b.until(`document.querySelectorAll("input[name=receipt]:checked").length === 1`)
	b.press("a")
	b.until(`document.querySelectorAll("input[name=receipt]:checked").length === 8`)
	b.press("\x1b")
	b.until(`document.querySelectorAll("input[name=receipt]:checked").length === 0`)
	b.press("\r")
	b.until(`document.querySelector("#detail h1")`)
	b.press("\x1b")
	b.until(`location.pathname === "/notifications"`)
	b.press("/")
	b.until(`document.activeElement.id === "search"`)
	b.press("j")
	b.until(`document.querySelector("#search").value.endsWith("j")`)
	b.press("\x1b")
	b.press("?")
	b.until(`document.querySelector("#keys[open]")`)
	b.press("\x1b")
	b.until(`!document.querySelector("#keys[open]")`)
	b.visit(s.dashboard + "notifications/" + string(s.deadLetter()))
	b.press("r")
	b.until(`document.querySelector(".notice") && document.querySelector(".notice").innerText.includes("sent on its way again")`)
	b.press("g")
	b.press("h")
	b.until(`location.pathname === "/"`)
}

func TestWhatACauseKeptBackIsSentOnceItIsMended(t *testing.T) {
	s, b := ready(t, 12)
	s.crmOpen.Store(true)
	b.until(`document.querySelector(".need .primary")`)
	b.click(`.need form[action="/retry"] button`)
	b.until(`location.pathname === "/retry"`)
	b.click(`form[method=post][action="/retry"] button`)
	b.until(`document.querySelector(".notice").innerText.includes("on their way again") || document.querySelector(".notice").innerText.includes("on its way again")`)
	b.until(`document.querySelector("h1").innerText === "Everything is working."`)
}

func TestItWorksWithoutTheScript(t *testing.T) {
	s := newService(t)
	s.fill(5)
	s.start()
	s.settled()
	b := browse(t, s)
	call(b, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	b.visit(s.link())
	b.click(`button.primary`)
	b.until(`location.pathname === "/" && document.querySelector("#home")`)
	b.click(`nav a[href="/notifications"]`)
	b.until(rows + ` === 5`)
	b.click(`#rows input[name="receipt"]`)
	b.click(`#bulk button`)
	b.until(`location.pathname === "/retry"`)
	b.visit(s.dashboard + "notifications/" + string(s.deadLetter()))
	b.click(`#detail form[action="/retry"] button`)
	b.until(`document.querySelector(".notice").innerText.includes("sent on its way again")`)
	b.allow("401 (Unauthorized)")
	b.click(`form[action="/leave"] button`)
	b.until(`document.body.innerText.includes("ppm open")`)
}
