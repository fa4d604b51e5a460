package ui

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"processmanager/db"
	"processmanager/ppm"
)

// asked is all that can be asked of a desk, by what it is called here.
var asked = map[string]func(context.Context, Desk) (any, error){
	"clients": func(ctx context.Context, d Desk) (any, error) { return d.Clients(ctx) },
	"add client": func(ctx context.Context, d Desk) (any, error) {
		return d.SaveClient(ctx, 0, wholeChange(), "maria & josé")
	},
	"change client": func(ctx context.Context, d Desk) (any, error) {
		return d.SaveClient(ctx, 7, ClientChange{Concurrency: &numberThree, Secrets: map[string]*string{"token": nil}}, "maria")
	},
	"hold":                func(ctx context.Context, d Desk) (any, error) { return nil, d.HoldClient(ctx, 7, true, "maria") },
	"resume":              func(ctx context.Context, d Desk) (any, error) { return nil, d.HoldClient(ctx, 7, false, "maria") },
	"remove client":       func(ctx context.Context, d Desk) (any, error) { return nil, d.RemoveClient(ctx, 7, "maria") },
	"test with a sample":  func(ctx context.Context, d Desk) (any, error) { return d.TestClient(ctx, 7, "", "maria") },
	"test with a receipt": func(ctx context.Context, d Desk) (any, error) { return d.TestClient(ctx, 7, "12-AAAAAAAA", "maria") },
	"add subscription": func(ctx context.Context, d Desk) (any, error) {
		return d.SaveSubscription(ctx, ppm.Subscription{Client: 7, Rule: oneRule}, "maria")
	},
	"change subscription": func(ctx context.Context, d Desk) (any, error) { return d.SaveSubscription(ctx, oneWants, "maria") },
	"remove subscription": func(ctx context.Context, d Desk) (any, error) { return nil, d.RemoveSubscription(ctx, 4, "maria") },
	"rules":               func(ctx context.Context, d Desk) (any, error) { return d.Rules(ctx, 4) },
	"try rule":            func(ctx context.Context, d Desk) (any, error) { return tried(ctx, d, noon) },
	"try rule on all":     func(ctx context.Context, d Desk) (any, error) { return tried(ctx, d, time.Time{}) },
	"retry": func(ctx context.Context, d Desk) (any, error) {
		return resent(ctx, d, ppm.Selection{Receipts: []ppm.Receipt{"12-AAAAAAAA", "13-BBBBBBBB"}, Dead: true}, false)
	},
	"dry replay": func(ctx context.Context, d Desk) (any, error) {
		return resent(ctx, d, ppm.Selection{Search: "Ünïcode & more", Since: noon, Client: 7, Missing: true, Confirmed: true}, true)
	},
	"dead letters": func(ctx context.Context, d Desk) (any, error) { return d.DeadLetters(ctx, -1, ppm.DeliveryName{}, 20) },
	"dead letters of a client": func(ctx context.Context, d Desk) (any, error) {
		return d.DeadLetters(ctx, 7, deliveryName, 1000)
	},
	"dead letters of the fetching": func(ctx context.Context, d Desk) (any, error) {
		return d.DeadLetters(ctx, ppm.ClearmatchAPI, ppm.DeliveryName{Receipt: "12-AAAAAAAA"}, 1)
	},
	"actions":       func(ctx context.Context, d Desk) (any, error) { return d.Actions(ctx, "", 0, 50) },
	"older actions": func(ctx context.Context, d Desk) (any, error) { return d.Actions(ctx, name, 33, 5) },
	"erase":         func(ctx context.Context, d Desk) (any, error) { return d.Erase(ctx, "A/1 ?&", "maria") },
}

// wholeChange changes everything there is.
func wholeChange() ClientChange {
	kind, yes, first, longest, giveUp, secret := ppm.Email, true, "5s", "1h", "72h", "canary"
	return ClientChange{
		Name: &name, Kind: &kind, Data: &yes, Ordered: &yes, Concurrency: &numberThree, PerMinute: &numberThree,
		Settings: map[string]json.RawMessage{"url": json.RawMessage(`"https://crm.example/ü"`), "signed": json.RawMessage("null")},
		Secrets:  map[string]*string{"token": &secret, "password": nil},
		First:    &first, Longest: &longest, GiveUp: &giveUp,
	}
}

func tried(ctx context.Context, d Desk, since time.Time) (any, error) {
	var trials []Trial
	looked, err := d.TryRule(ctx, oneWants, since, func(t Trial) error { trials = append(trials, t); return nil })
	return []any{looked, trials}, err
}

func resent(ctx context.Context, d Desk, s ppm.Selection, dry bool) (any, error) {
	var done []ppm.Resending
	err := d.Resend(ctx, s, dry, "maria", func(r ppm.Resending) error { done = append(done, r); return nil })
	return done, err
}

// remoteDesk returns a remote of a service whose desk is d.
func remoteDesk(t *testing.T, d *recorder) *Remote {
	m := remember(1)
	m.Desk = d
	return remote(t, m)
}

func TestWhatARemoteIsAskedReachesTheDeskAndTheAnswerComesBack(t *testing.T) {
	for what, ask := range asked {
		here, there := &recorder{}, &recorder{}
		want, err := ask(t.Context(), here)
		check(t, err)
		got, err := ask(t.Context(), remoteDesk(t, there))
		if err != nil {
			t.Errorf("%s: %v", what, err)
			continue
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: answered\n%+v, want\n%+v", what, got, want)
		}
		if !reflect.DeepEqual(there.calls, here.calls) {
			t.Errorf("%s: the desk was asked\n%+v, want\n%+v", what, there.calls, here.calls)
		}
	}
}

func TestWhatADeskRefusesIsRefusedByTheRemoteInTheSameWords(t *testing.T) {
	streamed := map[string]bool{"try rule": true, "try rule on all": true, "retry": true, "dry replay": true}
	for what, ask := range asked {
		for _, fact := range []error{db.ErrNotFound, db.ErrExists, db.ErrUnavailable, Refusal{}, errors.New("disk on fire")} {
			d := &recorder{fail: fmt.Errorf("client 7: %w", fact)}
			if _, refused := fact.(Refusal); refused {
				d.fail = Refusal{errors.New("name: choose another")}
			}
			_, err := ask(t.Context(), remoteDesk(t, d))
			if err == nil || err.Error() != d.fail.Error() {
				t.Errorf("%s: %v, want %v", what, err, d.fail)
				continue
			}
			var refusal Refusal
			same := errors.Is(err, fact)
			if errors.As(d.fail, &refusal) {
				same = errors.As(err, &refusal)
			}
			known := errors.Is(fact, db.ErrNotFound) || errors.Is(fact, db.ErrExists) || errors.Is(fact, db.ErrUnavailable) || errors.As(d.fail, &refusal)
			if known && !same && !streamed[what] { // of what has begun to be answered the status is told already
				t.Errorf("%s: %#v is not told apart as %v", what, err, fact)
			}
		}
	}
}

func TestARemoteThatHasHeardEnoughStopsTheDesk(t *testing.T) {
	enough := errors.New("enough")
	for what, ask := range map[string]func(Desk) error{
		"resend": func(d Desk) error {
			return d.Resend(t.Context(), ppm.Selection{Dead: true}, false, "maria", func(ppm.Resending) error { return enough })
		},
		"try rule": func(d Desk) error {
			_, err := d.TryRule(t.Context(), oneWants, noon, func(Trial) error { return enough })
			return err
		},
	} {
		if err := ask(remoteDesk(t, &recorder{})); !errors.Is(err, enough) {
			t.Errorf("%s: %v", what, err)
		}
	}
	// A desk in the middle of it is told by its context; the server waits for it at the test's end.
	ctx, leave := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, leave)
	err := remoteDesk(t, &recorder{block: true}).Resend(ctx, ppm.Selection{Dead: true}, false, "maria", func(ppm.Resending) error { return nil })
	if !errors.Is(err, context.Canceled) {
		t.Errorf("a caller who leaves: %v", err)
	}
}
