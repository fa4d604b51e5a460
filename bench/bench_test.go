package main

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"processmanager/clearmatch"
	"processmanager/ppm"
)

func TestEveryBodyIsANewNotification(t *testing.T) {
	for _, spread := range []bool{false, true} {
		b := bodies{spread: spread}
		seen := make(map[ppm.Identity]bool)
		for range 20_000 {
			n, err := clearmatch.Parse(b.next(nil))
			if err != nil {
				t.Fatal(err)
			}
			seen[n.Identity()] = true
		}
		if len(seen) != 20_000 {
			t.Errorf("spread %v: %d different of 20,000", spread, len(seen))
		}
	}
}

func TestBodiesComeInOrderUnlessSpread(t *testing.T) {
	for _, spread := range []bool{false, true} {
		b := bodies{spread: spread}
		var times []string
		for range 100 {
			var n ppm.Notification
			if err := json.Unmarshal(b.next(nil), &n); err != nil {
				t.Fatal(err)
			}
			times = append(times, n.EventTime)
		}
		if slices.IsSorted(times) == spread {
			t.Errorf("spread %v: event times %v", spread, times)
		}
	}
}

func TestFigureOf(t *testing.T) {
	var times []time.Duration
	for ms := 101; ms > 0; ms-- {
		times = append(times, time.Duration(ms)*time.Millisecond)
	}
	got := figureOf(times, 2*time.Second)
	want := figure{PerSecond: 50.5, P50: 51_000, P99: 100_000}
	if got != want {
		t.Errorf("figureOf = %+v; want %+v", got, want)
	}
}

// Each ratio is taken within its round: the second round was twice as slow for
// everything and must not count as a change.
func TestTargetsCompareWithinARound(t *testing.T) {
	rounds := []round{
		{noop: {PerSecond: 1000, P50: 100}, empty: {PerSecond: 800, P50: 300}, million: {PerSecond: 400, P50: 300}, over: {P50: 100}},
		{noop: {PerSecond: 500, P50: 200}, empty: {PerSecond: 400, P50: 600}, million: {PerSecond: 200, P50: 600}, over: {P50: 200}},
	}
	for _, tt := range []struct {
		connections int
		want        []target
	}{
		{64, []target{{Value: 0.8, Reached: true}, {Value: 0.5}, {Value: 1, Reached: true}}},
		{1, []target{{Value: 1.5, Reached: true}, {Value: 0.5}, {Value: 1, Reached: true}}},
	} {
		for i, got := range targets(tt.connections, rounds) {
			if got.Value != tt.want[i].Value || got.Reached != tt.want[i].Reached {
				t.Errorf("%s: %v, reached %v; want %v, %v", got.Name, got.Value, got.Reached, tt.want[i].Value, tt.want[i].Reached)
			}
		}
	}
}
