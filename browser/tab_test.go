package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A tab is a page in the browser.
type tab struct {
	context.Context
	t    *testing.T
	host string // the only one that may be asked

	mu      sync.Mutex
	trouble []string
	allowed []string // parts of what may be told of trouble
}

// browse opens a browser with one tab. Everything that goes wrong in it is an
// error of the test: console, exceptions, violations of the policy, other hosts.
func browse(t *testing.T, s *service) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chrome), chromedp.NoSandbox)
	allocator, end := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocator)
	b := &tab{Context: ctx, t: t, host: s.host}
	t.Cleanup(func() {
		stop()
		end()
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, text := range b.trouble {
			t.Error(text)
		}
	})
	if err := chromedp.Listen(ctx, b.listen); err != nil {
		t.Fatal(err)
	}
	call(b, network.Enable, network.EnableParams{})
	call(b, log.Enable, cdp.Empty{})
	call(b, runtime.Enable, cdp.Empty{})
	b.looks(1440, 900, "light")
	return b
}

// allow lets trouble pass that has this in it, because it is meant to come.
func (b *tab) allow(part string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.allowed = append(b.allowed, part)
}

func (b *tab) listen(e any) {
	text := ""
	switch e := e.(type) {
	case *runtime.EventConsoleAPICalled:
		text = "the console says " + string(e.Type)
		for _, a := range e.Args {
			text += " " + string(a.Value) + a.Description
		}
	case *runtime.EventExceptionThrown:
		text = "the script failed: " + e.ExceptionDetails.Text
		if e.ExceptionDetails.Exception != nil {
			text += " " + e.ExceptionDetails.Exception.Description
		}
	case *log.EventEntryAdded:
		text = fmt.Sprintf("the browser says %s: %s (%s)", e.Entry.Level, e.Entry.Text, e.Entry.URL)
	case *network.EventRequestWillBeSent:
		if host := hostOf(e.Request.URL); host != "" && host != b.host {
			text = "another host was asked: " + e.Request.URL
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, part := range b.allowed {
		if strings.Contains(text, part) {
			return
		}
	}
	if text != "" {
		b.trouble = append(b.trouble, text)
	}
}

// call sends a command of the DevTools protocol.
func call[P, R any](b *tab, command cdp.Command[P, R], params P) {
	b.t.Helper()
	if _, err := chromedp.Call(b, command, params); err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
}

// run does something in the tab.
func (b *tab) run(actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b, time.Minute)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		b.t.Fatalf("in the browser: %v", err)
	}
}

// click clicks the first element that a selector finds, at once: a page that
// keeps itself up to date may exchange it.
func (b *tab) click(selector string) {
	b.t.Helper()
	quoted, err := json.Marshal(selector)
	if err != nil {
		b.t.Fatal(err)
	}
	b.until(`(e => e && (e.click(), true))(document.querySelector(` + string(quoted) + `))`)
}

// press presses a key, wherever the focus is, once the page listens to it.
func (b *tab) press(keys string) {
	b.t.Helper()
	b.until(`document.readyState === "complete"`)
	b.run(chromedp.KeyEvent(keys))
}

// visit goes to an address and waits until the page is there.
func (b *tab) visit(address string) {
	b.t.Helper()
	b.run(chromedp.Navigate(address))
}

// value returns what an expression is in the page.
func value[T any](b *tab, expression string) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b, time.Minute)
	defer cancel()
	v, err := chromedp.Run(ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("in the browser: %s: %v", expression, err)
	}
	return v
}

// until waits until an expression is true in the page.
func (b *tab) until(expression string) {
	b.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		ctx, cancel := context.WithTimeout(b, 10*time.Second)
		is, err := chromedp.Run(ctx, chromedp.Evaluate[bool]("!!("+expression+")"))
		cancel()
		if err == nil && is { // a page that is just being left has no answer
			return
		}
		if time.Now().After(deadline) {
			b.t.Fatalf("it does not come to %s (%v); %s says\n%s", expression, err, value[string](b, "location.href"), value[string](b, "document.body.innerText"))
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// looks sets how the page is to be looked at.
func (b *tab) looks(width, height int64, scheme string) {
	b.t.Helper()
	b.run(chromedp.EmulateViewport(width, height))
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}},
	})
}

// signIn comes in by a one-time link.
func (b *tab) signIn(s *service) {
	b.t.Helper()
	b.visit(s.link())
	b.until(`location.pathname === "/" && document.querySelector("#home")`)
}
