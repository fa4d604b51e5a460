package main

import (
	"context"
	"errors"
)

func serveInProcess(ctx context.Context, args []string) error { return errors.New("not yet") }
