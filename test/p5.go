//go:build linux

package main

// p5 posts three in ten notifications again, some with another body, while the
// program is being killed: one row per identity, one receipt, every
// acknowledged arrival counted, and "redelivery" true where it is certain.
func p5(l *lab) error {
	ld := usual
	ld.again = 0.3
	return l.kills(ld)
}
