package receiver_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"processmanager/receiver"
)

// TestWire plays the conversations in testdata/*.txt, each over a TLS
// connection of its own to a server of its own, as bytes:
//
//	== name of a conversation
//	> POST / HTTP/1.1      send this and CR LF; Go's escapes work
//	>| {body}              send this alone
//	< 200                  read an answer, which must have this status
//	<h Allow: POST         it must have had this header
//	<- Server              it must not have had this header
//	<b "redelivery":false  its body must have contained this
//	closed                 the server hangs up without another word
//	stored 1               so many notifications are stored; 0 unless said
//	rejected 1             likewise
//
// {auth}, {wrong}, {body} and {x*1000} stand for the right and a wrong
// Authorization value, a notification of 34 bytes, and a thousand x. When a
// conversation is over, nothing more may come.
func TestWire(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txt")
	if len(files) == 0 {
		t.Fatal("no conversations")
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		unix := strings.ReplaceAll(string(text), "\r\n", "\n") // as checked out
		_, rest, _ := strings.Cut(unix, "\n== ")
		for script := range strings.SplitSeq(rest, "\n== ") {
			name, script, _ := strings.Cut(script, "\n")
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txt")+"/"+name, func(t *testing.T) {
				t.Parallel()
				play(t, script)
			})
		}
	}
}

func play(t *testing.T, script string) {
	j := new(journal)
	conn := dial(t, serve(t, options(t, j), "127.0.0.1:0").addr, clientTLS())
	in := bufio.NewReader(conn)
	var res *http.Response
	var body string
	var stored, rejected int

	for number, line := range strings.Split(script, "\n") {
		word, rest, _ := strings.Cut(line, " ")
		fail := func(format string, args ...any) {
			t.Helper()
			t.Fatalf("line %d, %s: %s", number+2, line, fmt.Sprintf(format, args...))
		}
		switch word {
		case "", "#":
		case ">":
			io.WriteString(conn, expand(t, rest)+"\r\n") // the server may have hung up on purpose
		case ">|":
			io.WriteString(conn, expand(t, rest))
		case "<":
			var err error
			if res, err = http.ReadResponse(in, nil); err != nil {
				fail("%v", err)
			}
			b, err := io.ReadAll(res.Body)
			if err != nil {
				fail("body: %v", err)
			}
			body = string(b)
			if res.Close { // where ReadResponse has put the header
				res.Header.Set("Connection", "close")
			}
			if strconv.Itoa(res.StatusCode) != rest {
				fail("answered %s %s", res.Status, body)
			}
		case "<h":
			key, value, _ := strings.Cut(rest, ": ")
			if got := res.Header.Get(key); got != value {
				fail("got %q", got)
			}
		case "<-":
			if got, has := res.Header[rest]; has {
				fail("got %q", got)
			}
		case "<b":
			if !strings.Contains(body, rest) {
				fail("got %q", body)
			}
		case "closed":
			if b, err := in.ReadByte(); err == nil {
				more, _ := in.Peek(in.Buffered())
				fail("got %q", string(b)+string(more))
			} else if e, ok := err.(interface{ Timeout() bool }); ok && e.Timeout() {
				fail("still open")
			}
		case "stored":
			stored, _ = strconv.Atoi(rest)
		case "rejected":
			rejected, _ = strconv.Atoi(rest)
		default:
			fail("unknown word")
		}
	}
	conn.(interface{ CloseWrite() error }).CloseWrite()
	if more, _ := io.ReadAll(in); len(more) > 0 {
		t.Errorf("one answer too many: %q", more)
	}
	if s, r := j.counts(); s != stored || r != rejected {
		t.Errorf("stored %d, rejected %d; want %d, %d", s, r, stored, rejected)
	}
}

var repeat = regexp.MustCompile(`\{(.)\*(\d+)\}`)

func expand(t *testing.T, line string) string {
	line = repeat.ReplaceAllStringFunc(line, func(m string) string {
		parts := repeat.FindStringSubmatch(m)
		n, _ := strconv.Atoi(parts[2])
		return strings.Repeat(parts[1], n)
	})
	if strings.Contains(line, `\`) {
		unquoted, err := strconv.Unquote(`"` + strings.ReplaceAll(line, `"`, `\"`) + `"`)
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		line = unquoted
	}
	return strings.NewReplacer("{auth}", authorization, "{wrong}", basic(username, "guess"), "{body}", sample).Replace(line)
}

var _ receiver.Journal = (*journal)(nil)
