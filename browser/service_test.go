package browser

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"processmanager/db/sqlite"
	"processmanager/ppm"
)

// A service is the real program with a folder of its own, and those around it.
type service struct {
	t         *testing.T
	dir       string
	env       []string
	receiver  string
	dashboard string
	host      string
	password  string
	cmd       *exec.Cmd
	crmOpen   atomic.Bool // the CRM takes the password
}

// newService makes a data folder in which there are clients: one that works, one
// that refuses the password, one that is held. Nothing runs yet.
func newService(t *testing.T) *service {
	t.Helper()
	s := &service{t: t, dir: filepath.Join(t.TempDir(), "data")}
	around := httptest.NewServer(http.HandlerFunc(s.around))
	t.Cleanup(around.Close)
	s.env = append(os.Environ(), "PPM_DATA="+s.dir, "PPM_RECEIVER_LISTEN=127.0.0.1:0", "PPM_DASHBOARD_LISTEN=127.0.0.1:0",
		"PPM_CLEARMATCH_API_BASE="+around.URL+"/v1", "PPM_CLEARMATCH_TOKEN_URL="+around.URL+"/token",
		"PPM_CLEARMATCH_CLIENT_ID=partner", "PPM_CLEARMATCH_CLIENT_SECRET=secret")
	s.start()
	s.stop()
	inbox := filepath.Join(t.TempDir(), "inbox")
	if err := os.Mkdir(inbox, 0o700); err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("wrong"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.ppm("client", "add", "Loan book", "--kind", "web", "--set", "url="+around.URL+"/loans", "--with-data", "--concurrency", "4")
	s.ppm("client", "add", "CRM", "--kind", "web", "--set", "url="+around.URL+"/crm", "--set", "auth=bearer", "--secret", "token=@"+token,
		"--first", "1s", "--longest", "1s", "--give-up", "1s", "--concurrency", "4")
	s.ppm("client", "add", "Archive", "--kind", "folder", "--set", "path="+inbox)
	s.ppm("client", "add", "Mailing", "--kind", "folder", "--set", "path="+inbox, "--set", "extension=txt")
	s.ppm("subscription", "add", "Loan book")
	s.ppm("subscription", "add", "CRM", "--type", "batchApplicationStatusChange")
	s.ppm("subscription", "add", "Archive")
	s.ppm("subscription", "add", "Mailing", "--event", "Offer accepted")
	s.ppm("client", "hold", "Mailing")
	return s
}

// around is Clearmatch's API and the partner's programs.
func (s *service) around(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, r.Body)
	switch path := r.URL.Path; {
	case path == "/token":
		w.Header().Set("Content-Type", "application/json")
		io.WriteString(w, `{"access_token":"T","token_type":"Bearer","expires_in":3600}`)
	case strings.HasPrefix(path, "/v1/"):
		id := path[strings.LastIndex(path, "/")+1:]
		fmt.Fprintf(w, `{"applicationNumber":%q,"product":"Unsecured loan","amount":12500.00,"termMonths":36,"rate":7.90,"status":"Offer accepted",`+
			`"borrower":{"firstName":"Maria","lastName":"Example","dateOfBirth":"1986-04-12","email":"maria@example.org","address":{"street":"High Street 12","city":"Exampletown","postcode":"EX1 2AB"}},`+
			`"documents":[{"type":"Payslip","received":true},{"type":"Identity","received":true}]}`, id)
	case path == "/crm" && !s.crmOpen.Load():
		http.Error(w, `{"error":"invalid_token","message":"The access token has expired."}`, http.StatusUnauthorized)
	default:
		io.WriteString(w, `{"ok":true}`)
	}
}

// ppm runs a command.
func (s *service) ppm(args ...string) string {
	s.t.Helper()
	var out, errs bytes.Buffer
	cmd := exec.Command(program, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = s.env, &out, &errs
	if err := cmd.Run(); err != nil {
		s.t.Fatalf("ppm %q: %v\n%s", args, err, errs.String())
	}
	return out.String()
}

var (
	readyLine    = regexp.MustCompile(`^ready receiver=(http\S+) dashboard=(http\S+)`)
	passwordLine = regexp.MustCompile(`(?m)^ +password +(\S+)$`)
)

// start runs ppm serve until the test ends.
func (s *service) start() {
	s.t.Helper()
	said := filepath.Join(s.t.TempDir(), "stderr") // what is in it is there before the ready line
	errs, err := os.Create(said)
	if err != nil {
		s.t.Fatal(err)
	}
	defer errs.Close()
	s.cmd = exec.Command(program, "serve")
	s.cmd.Env, s.cmd.Stderr = s.env, errs
	out, err := s.cmd.StdoutPipe()
	if err == nil {
		err = s.cmd.Start()
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(s.stop)
	line, _ := bufio.NewReader(out).ReadString('\n')
	m := readyLine.FindStringSubmatch(line)
	text, err := os.ReadFile(said)
	if err != nil {
		s.t.Fatal(err)
	}
	if m == nil {
		s.stop()
		s.t.Fatalf("ppm serve says %q, and %s", line, text)
	}
	s.receiver, s.dashboard, s.host = m[1], m[2], hostOf(m[2])
	// The same again after a restart, so that a page finds it.
	s.env = append(s.env, "PPM_DASHBOARD_LISTEN="+s.host)
	if p := passwordLine.FindStringSubmatch(string(text)); p != nil {
		s.password = p[1]
	}
}

// stop ends the service as a person would.
func (s *service) stop() {
	if s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(os.Interrupt)
	_ = s.cmd.Wait()
	s.cmd = nil
}

// link returns a link that lets a browser in.
func (s *service) link() string { return strings.TrimSpace(s.ppm("open", "--print")) }

// send posts a notification as Clearmatch does and returns its receipt.
func (s *service) send(n ppm.Notification) ppm.Receipt {
	s.t.Helper()
	body, err := json.Marshal(n)
	if err != nil {
		s.t.Fatal(err)
	}
	cmd := exec.Command(program, "send", "-", "--json")
	cmd.Env, cmd.Stdin = append(s.env, "PPM_SEND_PASSWORD="+s.password), bytes.NewReader(body)
	var errs bytes.Buffer
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		s.t.Fatalf("ppm send: %v %s %s", err, out, errs.String())
	}
	var a struct{ Body string }
	var ack struct{ Receipt ppm.Receipt }
	if err = json.Unmarshal(out, &a); err == nil {
		err = json.Unmarshal([]byte(a.Body), &ack)
	}
	if err != nil || ack.Receipt == "" {
		s.t.Fatalf("the answer was %s", out)
	}
	return ack.Receipt
}

// events are what the notifications of the tests are about.
var events = []struct{ kind, event string }{
	{"batchApplicationStatusChange", "Offer accepted"}, {"batchApplicationStatusChange", "Documents received"},
	{"batchApplicationStatusChange", ""}, {"applicationCreated", "Application submitted"},
	{"applicationDocumentAdded", "Payslip uploaded"}, {"batchApplicationStatusChange", "Funds released"},
}

// notification returns the nth notification of the tests.
func (s *service) notification(n int, at time.Time) ppm.Notification {
	id, e := fmt.Sprintf("A05%04d", 6000+n/3), events[n%len(events)]
	api := ""
	for _, v := range s.env {
		if base, ok := strings.CutPrefix(v, "PPM_CLEARMATCH_API_BASE="); ok {
			api = base
		}
	}
	return ppm.Notification{
		Application: id, Type: e.kind, Event: e.event, Partner: "LENDER01",
		EventTime: at.UTC().Format("2006-01-02T15:04:05"), Content: api + "/UnsecuredLoans/application/" + id,
	}
}

// fill puts notifications of the last days into the store, as if they had
// arrived then. Nothing may run.
func (s *service) fill(n int) {
	s.t.Helper()
	store, err := sqlite.Open(sqlite.Options{Dir: s.dir})
	if err != nil {
		s.t.Fatal(err)
	}
	defer store.Close()
	now := time.Now()
	for i := range n {
		back := float64(n-i) / float64(n) // the older the sparser
		at := now.Add(-time.Duration(float64(40*time.Hour)*back*back) - time.Minute)
		notification := s.notification(i, at)
		body, err := json.MarshalIndent(notification, "", "  ")
		if err != nil {
			s.t.Fatal(err)
		}
		arrivals := 1 + i%11/10
		for again := range arrivals {
			a := ppm.Arrival{Notification: notification, Body: body, At: at.Add(time.Duration(again) * time.Minute), From: "203.0.113.7"}
			if _, err := store.Accept(s.t.Context(), a); err != nil {
				s.t.Fatal(err)
			}
		}
	}
}

// settled waits until the two clients that work have everything, and something
// has been given up on. The CRM has others waiting.
func (s *service) settled() {
	s.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		var st struct {
			Deliveries ppm.DeliveryCounts
			Accepted   int64
		}
		if err := json.Unmarshal([]byte(s.ppm("status", "--json")), &st); err != nil {
			s.t.Fatal(err)
		}
		if d := st.Deliveries; d.Delivered == 2*st.Accepted && d.GaveUp > 0 {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("it does not settle: %+v", st)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "data" || u.Scheme == "blob" {
		return ""
	}
	return u.Host
}
