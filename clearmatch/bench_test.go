package clearmatch_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"processmanager/clearmatch"
	"processmanager/ppm"
)

func BenchmarkParse(b *testing.B) {
	for _, file := range []string{"documented.json", "dotnet-date.json", "dotnet-pascal-bom.json"} {
		body := sample(b, file)
		b.Run(file, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := clearmatch.Parse(body); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(file+"/encoding-json", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				var n ppm.Notification
				if err := json.Unmarshal(bytes.TrimPrefix(body, []byte("\ufeff")), &n); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseLargest(b *testing.B) {
	body := []byte(`{"id":"1","notificationType":"t","extra":"` + strings.Repeat("x", 1<<20-50) + `"}`)
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		if _, err := clearmatch.Parse(body); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseManyNames(b *testing.B) {
	for _, names := range []int{10_000, 100_000} {
		var body strings.Builder
		body.WriteString(`{"id":1,"notificationType":1`)
		for i := range names {
			fmt.Fprintf(&body, `,"%X":1`, i)
		}
		body.WriteString("}")
		b.Run(fmt.Sprint(names), func(b *testing.B) {
			for b.Loop() {
				if _, err := clearmatch.Parse([]byte(body.String())); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
