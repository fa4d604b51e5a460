package dbtest

import (
	"errors"
	"slices"
	"testing"

	"processmanager/db"
	"processmanager/ppm"
)

var readTests = tests{
	"ListGoesThroughEveryNotificationOnce": listPages,
	"UnknownReceiptsAreNotFound":           unknownReceipts,
	"SearchFindsEveryWord":                 search,
}

func listPages(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	var want []ppm.Receipt
	for i := range 25 {
		want = append(want, accept(t, s, Arrival(i)).Receipt)
	}
	for _, oldestFirst := range []bool{true, false} {
		var got []ppm.Receipt
		for p := (ppm.Page{Limit: 10, OldestFirst: oldestFirst}); ; p.After = got[len(got)-1] {
			page, err := s.List(t.Context(), p)
			if err != nil {
				t.Fatal("list:", err)
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				got = append(got, r.Receipt)
			}
		}
		if !oldestFirst {
			slices.Reverse(got)
		}
		if !slices.Equal(got, want) {
			t.Errorf("oldest first %v: went through %v, want %v", oldestFirst, got, want)
		}
	}
	if _, err := s.List(t.Context(), ppm.Page{After: "nonsense", Limit: 1}); !errors.Is(err, ppm.ErrBadReceipt) {
		t.Errorf("a page after nonsense returned %v, want ErrBadReceipt", err)
	}
}

func unknownReceipts(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	ack := accept(t, s, Arrival(1))
	other := ppm.NewReceipt(1, Arrival(2).Identity())
	for _, r := range []ppm.Receipt{other, ppm.NewReceipt(2, Arrival(1).Identity())} {
		if _, err := s.Find(t.Context(), r); !errors.Is(err, db.ErrNotFound) {
			t.Errorf("Find(%s) returned %v, want ErrNotFound; there is only %s", r, err, ack.Receipt)
		}
	}
	if _, err := s.Find(t.Context(), "1"); !errors.Is(err, ppm.ErrBadReceipt) {
		t.Errorf("Find(1) returned %v, want ErrBadReceipt", err)
	}
}

func search(t *testing.T, e Engine) {
	s := e.open(t, t.TempDir())
	var receipts []ppm.Receipt
	for i := range 30 {
		a := Arrival(i)
		if i == 7 {
			a.Type = "listingStatusChange"
			a.Body = []byte(`{"surname":"Müller-Lüdenscheidt","id":"A000007"}`)
		}
		receipts = append(receipts, accept(t, s, a).Receipt)
	}
	for _, tt := range []struct {
		text string
		want []ppm.Receipt // newest first
	}{
		{"A000007", receipts[7:8]},
		{"a00000", []ppm.Receipt{receipts[9], receipts[8], receipts[7], receipts[6], receipts[5]}},
		{"listingstatus posted", receipts[7:8]},
		{"muller-ludenscheidt", receipts[7:8]},
		{`"A000007" OR`, nil},
		{"*", nil},
		{"", nil},
		{"nowhere", nil},
	} {
		found, behind, err := s.Search(t.Context(), tt.text, ppm.Page{Limit: 5})
		if err != nil || behind != 0 {
			t.Errorf("search %q: behind %d, %v", tt.text, behind, err)
		}
		var got []ppm.Receipt
		for _, r := range found {
			got = append(got, r.Receipt)
		}
		if !slices.Equal(got, tt.want) {
			t.Errorf("search %q found %v, want %v", tt.text, got, tt.want)
		}
	}
	found, _, err := s.Search(t.Context(), "a00000", ppm.Page{Limit: 50, After: receipts[5]})
	if err != nil || len(found) != 5 || found[0].Receipt != receipts[4] {
		t.Errorf("the second page is %v, %v", found, err)
	}
}
