package db

import (
	"context"
	"time"

	"processmanager/ppm"
)

// A Topic is something that a store can change.
type Topic int

const (
	Arrivals   Topic = iota // new notifications (redeliveries are none)
	Deliveries              // some may be due that were not, or not so soon
	Outcomes                // what came of notifications and deliveries, and what else only people look at
	Settings                // clients, their subscriptions, or whether they are held
)

// Work is what happens to a notification after the acknowledgement: it is
// routed once, which makes deliveries; each of these is claimed, attempted and
// recorded until nothing is left to do.
//
// A notification is queued while it has not been routed, or something of it
// is waiting or waiting for data; failed when something gave up; else complete.
type Work interface {
	// Idle says whether nobody wants anything: there are no clients and nothing
	// is to be fetched. While it is so, notifications are complete as they
	// arrive and need not be routed. Saving a client ends it, and so does
	// Idle(false); the notifications that arrived meanwhile stay complete.
	Idle(ctx context.Context, idle bool) error

	// Unrouted returns the oldest notifications that have not been routed, in
	// the order of their arrival; none while the store is idle.
	Unrouted(ctx context.Context, limit int) ([]ppm.Record, error)

	// Route keeps what has been decided for the next notifications, those that
	// Unrouted returns first, in that order, and makes their deliveries. It is
	// [ErrOvertaken] if they are not the next ones (any more). A decision about
	// a client that has been removed meanwhile is left out.
	Route(ctx context.Context, routes []ppm.Route) error

	// Claim leases up to limit deliveries to the client that are due at now,
	// those longest due first, until the time until: they are nobody else's
	// before that, and then due again unless they have been recorded. next is
	// when the next one will be due that is not among those returned, zero if
	// none will be. A delivery due later than horizon after now counts as due: the clock has
	// been put back. Where nothing is due nothing is written.
	//
	// Of an ordered client, at most one delivery of each application is due at
	// any time; the others wait for it, in the order of their notifications.
	Claim(ctx context.Context, client int64, now, until time.Time, horizon time.Duration, limit int) (claimed []ppm.Delivery, next time.Time, err error)

	// Load returns what goes with an attempt at d.
	Load(ctx context.Context, d ppm.Delivery) (ppm.Parcel, error)

	// Record keeps what came of an attempt, and is durable when it returns. It is
	// [ErrOvertaken], and nothing is kept, if a.Before.Claim is not the lease in
	// force. An interrupted attempt only gives the lease back.
	//
	// For [ppm.ClearmatchAPI] it also keeps the data, and the decisions for
	// those clients that waited for it; those that waited and are not among the
	// decisions are not wanted any more. When fetching gives up, their
	// deliveries give up with it.
	Record(ctx context.Context, a ppm.Attempt) error

	// Resend puts a delivery on its way again, from its beginning: as many
	// attempts as at first, and at once. It makes one where there is none. What is on
	// its way already, or delivered (unless confirmed says so too), is left as it
	// is. A delivery that gave up because its data could not be fetched has them
	// fetched again. Each answer says what was done; the order is that of names.
	Resend(ctx context.Context, names []ppm.DeliveryName, confirmed bool) ([]ppm.Resending, error)

	// DeadLetters returns deliveries that gave up, and fetches, of the newest
	// notifications first, of one client (all: -1), beyond after.
	DeadLetters(ctx context.Context, client int64, after ppm.DeliveryName, limit int) ([]ppm.Delivery, error)

	// States returns what has become of one notification and each client that
	// it was routed to, the fetching included.
	States(ctx context.Context, r ppm.Receipt) ([]ppm.Delivery, error)
}

// Clients is who wants notifications, and which. Whatever changes something is
// told who did it, for the audit log, which is written together with it.
type Clients interface {
	// Clients returns all clients, also those removed, by number.
	Clients(ctx context.Context) ([]ppm.Client, error)

	// Fetching returns how fetching applications has been going, in the words
	// used of clients: Waiting counts applications.
	Fetching(ctx context.Context) (ppm.ClientHealth, error)

	// SaveClient keeps a new client (Number 0) or new settings of one; its
	// health, and whether it is held, stay as they are. It returns its number.
	// [ErrExists]: another one has the name. [ErrNotFound]: there is none, or it is removed.
	SaveClient(ctx context.Context, c ppm.Client, by string) (number int64, err error)

	// HoldClient holds a client's deliveries, or resumes them.
	HoldClient(ctx context.Context, number int64, held bool, by string) error

	// RemoveClient removes a client. Deliveries still waiting are claimed as
	// before; who delivers makes them dead letters.
	RemoveClient(ctx context.Context, number int64, by string) error

	// Subscriptions returns those in force, by number.
	Subscriptions(ctx context.Context) ([]ppm.Subscription, error)

	// SaveSubscription keeps a new subscription (Number 0), or a rule that takes
	// the place of one's present rule, and returns it with its numbers.
	SaveSubscription(ctx context.Context, s ppm.Subscription, by string) (ppm.Subscription, error)

	// RemoveSubscription ends a subscription. Its rules are kept.
	RemoveSubscription(ctx context.Context, number int64, by string) error

	// Rules returns every rule that a subscription has had, oldest first.
	Rules(ctx context.Context, subscription int64) ([]ppm.Rule, error)
}

// Past is what was done, and how it is forgotten.
type Past interface {
	// Audit keeps an action and gives it its number.
	Audit(ctx context.Context, a ppm.Action) error

	// Actions returns the actions kept, newest first, older than before (0:
	// from the newest), about something in particular ("": about anything).
	Actions(ctx context.Context, about string, before int64, limit int) ([]ppm.Action, error)

	// Erase removes everything personal of one application, at once: bodies,
	// data, answers, rejections that name it, and what can be searched. When
	// it has returned nothing of it is left in any file of the store, its log
	// included; backups are not touched. Identities stay, so that a redelivery is still known,
	// whose body is then not kept either. Deliveries still waiting give up, what
	// is not routed yet goes to nobody, and whoever is at an attempt is told
	// [ErrOvertaken]. After an error some may be left; it is to be done again.
	Erase(ctx context.Context, application, by string) (ppm.Erased, error)

	// Expire removes from some notifications what is older than r allows, and says
	// whether there is more to do. Rejections as old as bodies go too. A
	// notification that was sent again, or a time that was made shorter, may be
	// noticed a day late.
	Expire(ctx context.Context, now time.Time, r ppm.Retention) (e ppm.Erased, more bool, err error)
}
