package ppm

import "fmt"

// Counted returns how many there are of something, as people say it: "1
// notification", "2 notifications".
func Counted[N int | int64](n N, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
