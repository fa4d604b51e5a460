package ui

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// order sends a request with a body and, unless it is "", the token.
func order(t *testing.T, srv *httptest.Server, method, address, body, token string) (status int, said string) {
	t.Helper()
	r, err := http.NewRequest(method, srv.URL+"/api/v1/"+address, strings.NewReader(body))
	check(t, err)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := srv.Client().Do(r)
	check(t, err)
	defer answer.Body.Close()
	all, err := io.ReadAll(answer.Body)
	check(t, err)
	return answer.StatusCode, string(all)
}

// deskServer serves what has d as its desk.
func deskServer(t *testing.T, d *recorder) *httptest.Server {
	m := remember(1)
	m.Desk = d
	return serve(t, m)
}

// orders is every address of the desk, with an order that is in order.
var orders = []struct{ method, address, body string }{
	{"GET", "clients", ""},
	{"POST", "clients?by=maria", `{"name":"crm","kind":"web"}`},
	{"PATCH", "clients/7?by=maria", `{"concurrency":3}`},
	{"DELETE", "clients/7?by=maria", ""},
	{"POST", "clients/7/hold?by=maria", ""},
	{"POST", "clients/7/resume?by=maria", ""},
	{"POST", "clients/7/test?by=maria", `{}`},
	{"POST", "subscriptions?by=maria", `{"client":7}`},
	{"PUT", "subscriptions/4?by=maria", `{"event":"Posted"}`},
	{"DELETE", "subscriptions/4?by=maria", ""},
	{"GET", "subscriptions/4/rules", ""},
	{"POST", "rules/test", `{"subscription":{"client":7}}`},
	{"POST", "resend?by=maria", `{"selection":{"dead":true}}`},
	{"POST", "erase?by=maria", `{"application":"A1"}`},
	{"GET", "deadletters", ""},
	{"GET", "actions", ""},
}

func TestTheDeskIsOpenToWhoShowsTheTokenOnly(t *testing.T) {
	d := &recorder{}
	srv := deskServer(t, d)
	for _, o := range orders {
		for _, shown := range []string{"", "the-toke", "the-token2"} {
			if status, said := order(t, srv, o.method, o.address, o.body, shown); status != 401 || strings.Contains(said, "A1") || len(d.calls) > 0 {
				t.Errorf("%s %s with %q = %d %s, %v", o.method, o.address, shown, status, said, d.calls)
			}
		}
	}
	for i, o := range orders {
		if status, said := order(t, srv, o.method, o.address, o.body, token); status != 200 || len(d.calls) != i+1 {
			t.Errorf("%s %s with the token = %d %s", o.method, o.address, status, said)
		}
	}
}

func TestReadingChangesNothing(t *testing.T) {
	d := &recorder{}
	srv := deskServer(t, d)
	for _, o := range orders {
		for _, method := range []string{"GET", "HEAD"} {
			d.calls = nil
			status, _ := order(t, srv, method, o.address, "", token)
			reading := o.method == "GET" || o.address == "clients?by=maria"
			if reading != (status == 200) || !reading && (status != 405 || len(d.calls) > 0) {
				t.Errorf("%s %s = %d, asked for %v", method, o.address, status, d.calls)
			}
			for _, c := range d.calls {
				switch c.(call).what {
				case "Clients", "Rules", "DeadLetters", "Actions":
				default:
					t.Errorf("%s %s asked for %v", method, o.address, c)
				}
			}
		}
	}
}

func TestWhatIsNotInOrderIsRefusedInPlainWords(t *testing.T) {
	d := &recorder{}
	srv := deskServer(t, d)
	long := strings.Repeat("x", 257)
	for _, tt := range []struct{ method, address, body, says string }{
		{"POST", "clients", `{"name":"crm"}`, "by: say who does this, for the audit log"},
		{"POST", "clients?by=", `{"name":"crm"}`, "by: say who"},
		{"POST", "clients?by=a%0Ab", `{"name":"crm"}`, "by: say who"},
		{"POST", "clients?by=%ff", `{"name":"crm"}`, "by: say who"},
		{"POST", "clients?by=" + long, `{"name":"crm"}`, "by: say who"},
		{"POST", "clients?by=maria", ``, "a JSON value is missing, or its end"},
		{"POST", "clients?by=maria", `{"name":"crm"`, "a JSON value is missing, or its end"},
		{"POST", "clients?by=maria", `name=crm`, "the body is no JSON, from byte"},
		{"POST", "clients?by=maria", `{"nmae":"crm"}`, `unknown field "nmae"`},
		{"POST", "clients?by=maria", `{"name":5}`, "name: a value of another kind is wanted (string)"},
		{"POST", "clients?by=maria", `{"name":"crm"} {}`, "one JSON value and nothing after it"},
		{"POST", "clients?by=maria", `{"name":"` + strings.Repeat("x", maxOrder) + `"}`, "at most 1048576 bytes"},
		{"PATCH", "clients/x?by=maria", `{}`, `"x": give a number, from 1`},
		{"PATCH", "clients/0?by=maria", `{}`, "give a number, from 1"},
		{"PATCH", "clients/7", `{}`, "by: say who"},
		{"DELETE", "clients/-1?by=maria", ``, "give a number, from 1"},
		{"DELETE", "clients/7", ``, "by: say who"},
		{"POST", "clients/7/hold", ``, "by: say who"},
		{"POST", "clients/9999999999999999999/hold?by=maria", ``, "give a number, from 1"},
		{"POST", "clients/7/resume", ``, "by: say who"},
		{"POST", "clients/7/test?by=maria", ``, "a JSON value is missing"},
		{"POST", "clients/7/test", `{}`, "by: say who"},
		{"POST", "clients/x/test?by=maria", `{}`, "give a number, from 1"},
		{"POST", "subscriptions?by=maria", `{"expression":"x"}`, `unknown field "expression"`},
		{"PUT", "subscriptions/x?by=maria", `{}`, "give a number, from 1"},
		{"DELETE", "subscriptions/4", ``, "by: say who"},
		{"GET", "subscriptions/x/rules", ``, "give a number, from 1"},
		{"POST", "rules/test", `{"subscription":{"when":5}}`, "when: a value of another kind is wanted (string)"},
		{"POST", "rules/test", `{"since":"yesterday"}`, "cannot be read as what is wanted here"},
		{"POST", "resend", `{"selection":{"dead":true}}`, "by: say who"},
		{"POST", "resend?by=maria", `{"selection":{"deat":true}}`, `unknown field "deat"`},
		{"POST", "resend?by=maria", `{"selection":{"client":"crm"}}`, "selection.client: a value of another kind is wanted (int64)"},
		{"POST", "erase", `{"application":"A1"}`, "by: say who"},
		{"POST", "erase?by=maria", `{"application":" "}`, "application: give the number of an application"},
		{"GET", "deadletters?client=crm", ``, "give the number of a client"},
		{"GET", "deadletters?client=-1", ``, "give the number of a client"},
		{"GET", "deadletters?after=12-AAAAAAAA&afterClient=x", ``, "give the number of a client"},
		{"GET", "deadletters?limit=0", ``, "limit: give a number from 1 to 1000"},
		{"GET", "actions?limit=1001", ``, "limit: give a number from 1 to 1000"},
		{"GET", "actions?before=x", ``, "before: give the number of the last one seen"},
	} {
		status, text := order(t, srv, tt.method, tt.address, tt.body, token)
		var said faulty
		if err := json.Unmarshal([]byte(text), &said); err != nil || status != 400 || !strings.Contains(said.Error, tt.says) {
			t.Errorf("%s %s %.60s = %d %s; want %s", tt.method, tt.address, tt.body, status, text, tt.says)
		}
	}
	if len(d.calls) > 0 {
		t.Errorf("the desk was asked: %v", d.calls)
	}
}

func TestWhatIsSaidOfABadBodyHoldsNothingOfIt(t *testing.T) {
	srv := deskServer(t, &recorder{})
	for _, body := range []string{
		`{"secrets":{"token":"canary"},}`, `{"secrets":{"token":canary}}`, `{"secrets":{"token":["canary"]}}`, `{"secrets":"canary"}`,
		`{"secrets":{"token":"canary`, `"canary"`, `{"first":{"canary":1}}`,
	} {
		if status, said := order(t, srv, "POST", "clients?by=maria", body, token); status != 400 || strings.Contains(said, "canary") {
			t.Errorf("%s = %d %s", body, status, said)
		}
	}
}
