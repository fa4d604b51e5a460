package ui

import (
	"strings"
	"testing"
)

func TestTheFirstPageTellsWhetherAnythingCanBeKept(t *testing.T) {
	m := remember(1)
	srv := serve(t, m)
	if _, page := ask(t, srv, "GET", "/"); !strings.Contains(page, "It is running.") || !strings.Contains(page, `"lamp good"`) {
		t.Errorf("while all is well: %s", page)
	}
	m.trouble = "the disk of /home/ann is full"
	_, page := ask(t, srv, "GET", "/")
	if !strings.Contains(page, "Nothing can be kept") || !strings.Contains(page, `"lamp bad"`) || strings.Contains(page, "It is running.") {
		t.Errorf("while nothing can be kept: %s", page)
	}
	if strings.Contains(page, "/home/") || strings.Contains(page, m.kept[0].Application) {
		t.Errorf("anybody can read on it what is not for anybody: %s", page)
	}
}
