package sqlite_test

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"processmanager/db/sqlite"
	"processmanager/ppm"
)

// BenchmarkAccept is the store's part of an acknowledgement, with so many
// senders at a time.
func BenchmarkAccept(b *testing.B) {
	for _, senders := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint(senders), func(b *testing.B) {
			s, err := sqlite.Open(sqlite.Options{Dir: b.TempDir()})
			if err != nil {
				b.Fatal(err)
			}
			defer s.Close()
			var n atomic.Int64
			b.SetParallelism(max(1, senders/runtime.GOMAXPROCS(0)))
			if senders == 1 {
				defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
			}
			b.ReportAllocs()
			b.ResetTimer()
			if senders == 1 {
				for b.Loop() {
					accept(b, s, int(n.Add(1)))
				}
				return
			}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					accept(b, s, int(n.Add(1)))
				}
			})
		})
	}
}

func accept(tb testing.TB, s *sqlite.Store, i int) {
	if _, err := s.Accept(context.Background(), arrival(i)); err != nil {
		tb.Error(err)
	}
}

// arrival returns the i-th of a rising series of notifications, in Clearmatch's spelling.
func arrival(i int) ppm.Arrival {
	n := ppm.Notification{
		Application: fmt.Sprintf("A%07d", i),
		Type:        "batchApplicationStatusChange",
		Partner:     "XXXXXXXX",
		EventTime:   time.Unix(1483228800+int64(i/10), 0).UTC().Format("2006-01-02T15:04:05"),
	}
	n.Content = "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/" + n.Application
	return ppm.Arrival{
		Notification: n,
		At:           time.Unix(1700000000, 0),
		From:         "192.0.2.1",
		Body: fmt.Appendf(nil, "{\n  \"id\": %q,\n  \"content\": %q,\n  \"notificationType\": %q,\n  \"partnerCode\": %q,\n  \"eventDescription\": \"\",\n  \"eventTime\": %q\n}\n",
			n.Application, n.Content, n.Type, n.Partner, n.EventTime),
	}
}
