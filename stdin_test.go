package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"
)

func TestAnInterruptEndsTheWaitForStandardInput(t *testing.T) {
	never, writer := io.Pipe()
	defer writer.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		p := &program{Context: ctx, stdin: never}
		_, err := p.readAll("the value", never, 10)
		ended <- err
	}()
	interrupt()
	select {
	case err := <-ended:
		if !errors.Is(err, context.Canceled) {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it waits on")
	}
}

func TestReadAllReadsSoMuchAndNoMore(t *testing.T) {
	p := &program{Context: t.Context()}
	if b, err := p.readAll("it", strings.NewReader("0123456789"), 10); err != nil || string(b) != "0123456789" {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := p.readAll("it", strings.NewReader("0123456789a"), 10); err == nil || !strings.Contains(err.Error(), "larger than") {
		t.Errorf("one byte more: %v", err)
	}
}
