//go:build linux

package main

import (
	"slices"
	"testing"
)

func TestGoroutinesAreCountedInWhatTheRuntimeTells(t *testing.T) {
	const said = `SCHED 0ms: gomaxprocs=2 idleprocs=0 threads=4
  G1: status=1() m=nil lockedm=nil
{"level":"INFO","msg":"G9: status=4"}
SCHED 3007ms: gomaxprocs=2 idleprocs=2 threads=10
  P0: status=0 schedtick=4 syscalltick=2 m=nil runqsize=0 gfreecnt=12 timerslen=0
  M9: p=nil curg=nil mallocing=0 throwing=0
  G1: status=4(IO wait) m=nil lockedm=nil
  G2: status=4(force gc (idle)) m=nil lockedm=nil
  G18: status=6() m=nil lockedm=nil
SCHED 6007ms: gomaxprocs=2 idleprocs=2 threads=10
  G1: status=3() m=3 lockedm=nil
`
	if got := goroutines(said); !slices.Equal(got, []int{2, 1}) {
		t.Errorf("got %v; want [2 1]", got)
	}
	if got := goroutines("nothing of that kind\n"); len(got) != 0 {
		t.Errorf("got %v; want nothing", got)
	}
}
