package pipeline

import (
	"context"
	"time"

	"processmanager/ppm"
)

const (
	// forgetEvery is how often what has become too old is looked for.
	forgetEvery = 24 * time.Hour

	// forgetRest lies between two steps of it, for those who are in more of a hurry.
	forgetRest = 100 * time.Millisecond
)

// forget removes what is older than it may be, at the start and once a day.
func (p *Pipeline) forget(ctx context.Context) {
	if p.Retention.Shortest() == 0 {
		return
	}
	for {
		var sum ppm.Erased
		for more := true; more; {
			e, again, err := p.Store.Expire(ctx, time.Now(), p.Retention)
			if err != nil && ctx.Err() == nil {
				p.Log.Error("what is too old could not be removed; this is tried again tomorrow", "err", err)
			}
			sum.Notifications, sum.Rejections = sum.Notifications+e.Notifications, sum.Rejections+e.Rejections
			if more = again && err == nil; more && !pause(ctx, forgetRest) {
				return
			}
		}
		if sum != (ppm.Erased{}) {
			p.Log.Info("what was too old has been removed", "notifications", sum.Notifications, "rejections", sum.Rejections)
		}
		if !pause(ctx, forgetEvery) {
			return
		}
	}
}
