//go:build !linux && !windows

package client

import "os"

// rename gives a file another name, unless something has that already.
func rename(root *os.Root, from, to string) error { return link(root, from, to) }
