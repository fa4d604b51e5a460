package sqlite_test

import (
	"processmanager/db/dbtest"
	"processmanager/ppm"
)

func ppmPage(limit int) ppm.Page { return ppm.Page{Limit: limit} }

// receipt returns the receipt of dbtest.Arrival(i) kept under number.
func receipt(number int64, i int) ppm.Receipt {
	return ppm.NewReceipt(number, dbtest.Arrival(i).Identity())
}
