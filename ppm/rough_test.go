package ppm

import (
	"math"
	"testing"
)

func TestRoughSeconds(t *testing.T) {
	for s, want := range map[string]uint32{
		"2017-01-01T00:00:00":               1483228800,
		"2017-01-01T00:00:00.1234567+11:00": 1483228800,
		"2017-01-01T00:00:01Z":              1483228801,
		"2016-02-29T23:59:60":               1456790400,
		"/Date(1483228800000+1100)/":        1483228800,
		"/Date(1483228800999)/":             1483228800,
		"1969-12-31T23:59:59":               0,
		"/Date(-1)/":                        0,
		"/Date()/":                          0,
		"0000-00-00T00:00:00":               0,
		"9999-12-31T23:59:59":               math.MaxUint32,
		"/Date(253402300799000)/":           math.MaxUint32,
		"/Date(99999999999999999999999999)": math.MaxUint32,
		"":                                  0,
		"2017-01-01":                        0,
		"2017-01-01 00:00:00":               0,
		"01/01/2017 00:00:00":               0,
		"2017-01-01T0x:00:00":               0,
	} {
		if got := roughSeconds(s); got != want {
			t.Errorf("roughSeconds(%q) = %d; want %d", s, got, want)
		}
	}
}

func TestRoughSecondsAllocatesNothing(t *testing.T) {
	for _, s := range []string{"2017-01-01T00:00:00", "/Date(1483228800000+1100)/", "neither one nor the other"} {
		if n := testing.AllocsPerRun(100, func() { roughSeconds(s) }); n != 0 {
			t.Errorf("%q: %v allocations", s, n)
		}
	}
}

func BenchmarkRoughSeconds(b *testing.B) {
	for _, s := range []string{"2017-01-01T00:00:00", "/Date(1483228800000+1100)/", "neither one nor the other"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				roughSeconds(s)
			}
		})
	}
}
