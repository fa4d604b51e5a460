package receiver

import (
	"io"
	"strconv"
	"sync"
	"time"

	"processmanager/ppm"
)

// An accessLog writes a line for every request:
//
//	2026-03-01T09:30:00.123Z 203.0.113.7 POST /notifications 200 254 1.8ms 1042-7KQ2M9XD
//
// time, address, method, path, status, bytes of the body that were read, time
// taken, receipt. It never holds a query, a header or anything of a body.
//
// Lines are gathered and written together, half a second after the first of
// them; while nothing comes nothing runs.
type accessLog struct {
	out io.Writer // nil: no log

	mu    sync.Mutex
	lines []byte
	spare []byte // the buffer that lines changes places with
	timer *time.Timer
	lost  int // lines since out could last keep up

	writing sync.Mutex // held while out is written; taken before mu
}

const (
	accessDelay = 500 * time.Millisecond
	accessBatch = 64 << 10 // written without waiting
	accessMost  = 1 << 20  // kept while out is slow; further lines are dropped and counted
)

// An entry is what a line says.
type entry struct {
	at           time.Time
	from         string
	method, path string // as the stranger sent them
	status, size int
	took         time.Duration
	receipt      ppm.Receipt
}

func newAccessLog(out io.Writer) *accessLog { return &accessLog{out: out} }

func (l *accessLog) add(e *entry) {
	if l.out == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.lines) >= accessMost {
		l.lost++
		return
	}
	first := len(l.lines) == 0
	full := len(l.lines) >= accessBatch
	l.lines = e.append(l.lines)
	switch {
	case l.timer == nil:
		l.timer = time.AfterFunc(accessDelay, l.flush)
	case first:
		l.timer.Reset(accessDelay)
	case !full && len(l.lines) >= accessBatch:
		l.timer.Reset(0)
	}
}

// flush writes what has been gathered. A log that cannot be written must not
// keep notifications out, so errors go nowhere.
func (l *accessLog) flush() {
	l.writing.Lock()
	defer l.writing.Unlock()

	l.mu.Lock()
	lines, lost := l.lines, l.lost
	l.lines, l.lost = l.spare[:0], 0
	if l.timer != nil {
		l.timer.Stop()
	}
	l.mu.Unlock()

	if lost > 0 {
		lines = append(lines, "# "...)
		lines = strconv.AppendInt(lines, int64(lost), 10)
		lines = append(lines, " lines lost: the log could not be written fast enough\n"...)
	}
	if len(lines) > 0 {
		l.out.Write(lines)
	}
	if cap(lines) > 2*accessBatch {
		lines = nil // one burst need not be paid for ever
	}
	l.mu.Lock()
	l.spare = lines
	l.mu.Unlock()
}

func (e *entry) append(b []byte) []byte {
	b = e.at.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, ' ')
	b = append(b, e.from...)
	b = append(b, ' ')
	b = appendSafe(b, e.method, 16)
	b = append(b, ' ')
	b = appendSafe(b, e.path, 128)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(e.status), 10)
	b = append(b, ' ')
	b = strconv.AppendInt(b, int64(e.size), 10)
	b = append(b, ' ')
	tenths := e.took.Microseconds() / 100
	b = strconv.AppendInt(b, tenths/10, 10)
	b = append(b, '.', byte('0'+tenths%10))
	b = append(b, "ms "...)
	b = appendSafe(b, string(e.receipt), 64)
	return append(b, '\n')
}

// appendSafe appends a stranger's text so that it stays one word of one line,
// at most limit bytes of it; "-" stands for none.
func appendSafe(b []byte, s string, limit int) []byte {
	if s == "" {
		return append(b, '-')
	}
	const hex = "0123456789ABCDEF"
	for i := range min(len(s), limit) {
		if c := s[i]; c <= ' ' || c >= 0x7F || c == '%' || c == '"' || c == '\\' {
			b = append(b, '%', hex[c>>4], hex[c&15])
		} else {
			b = append(b, c)
		}
	}
	if len(s) > limit {
		b = append(b, "..."...)
	}
	return b
}
