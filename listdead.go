package main

import (
	"bufio"
	"errors"
	"strconv"
	"time"

	"processmanager/ppm"
)

// listDead lists the deliveries that were given up on, newest notifications first.
func (p *program) listDead(from kept, limit int, asJSON bool) error {
	clients, err := from.Clients(p)
	if err != nil {
		return err
	}
	names := map[int64]string{ppm.ClearmatchAPI: fetching}
	for _, c := range clients {
		names[c.Number] = c.Name
	}
	out := bufio.NewWriter(p.stdout)
	enc := newEncoder(out)
	t := table{out: out, width: terminalWidth(p.stdout), elastic: 4, heading: []string{"GAVE UP", "APPLICATION", "CLIENT", "TRIES", "WHY", "RECEIPT"}}
	now, any := time.Now(), false
	err = pages(limit, func(after ppm.DeliveryName, limit int) ([]ppm.Delivery, error) {
		return from.DeadLetters(p, -1, after, limit)
	}, func(d ppm.Delivery) ppm.DeliveryName { return d.DeliveryName }, func(page []ppm.Delivery) error {
		any = any || len(page) > 0
		var rows [][]string
		for _, d := range page {
			if asJSON {
				if err := enc.Encode(d); err != nil {
					return err
				}
				continue
			}
			why := d.Error
			if why == "" {
				why = d.Reason
			}
			rows = append(rows, []string{shortTime(d.Changed, now), oneLine(d.Application), oneLine(names[d.Client]), strconv.Itoa(d.Attempts), oneLine(why), string(d.Receipt)})
		}
		return t.print(rows)
	})
	if err = errors.Join(err, out.Flush()); err == nil && !any && !asJSON {
		p.say("nothing has been given up on")
	}
	return err
}
