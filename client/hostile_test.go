package client_test

import (
	_ "embed"
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"processmanager/ppm"
)

//go:embed testdata/hostile.json
var hostileValues []byte

// hostile are values that are data, whatever they look like.
var hostile = func() (all []string) {
	if err := json.Unmarshal(hostileValues, &all); err != nil {
		panic(err)
	}
	return all
}()

func TestThereAreAsManyHostileValuesAsArePromised(t *testing.T) {
	different := make(map[string]bool)
	for _, value := range hostile {
		different[value] = true
	}
	if len(different) < 100 {
		t.Errorf("%d values, 100 are promised", len(different))
	}
}

// hostileParcel has value in every member that somebody else writes.
func hostileParcel(t *testing.T, value string) ppm.Parcel {
	t.Helper()
	p := parcelOf(1042, ppm.Notification{Application: value, Type: value, Partner: value, Event: value, EventTime: value, Content: value})
	data, err := json.Marshal(map[string]any{"name": value, "of " + value: []string{value}})
	check(t, err)
	p.Data = data
	return p
}

// What a format has no way to say is left out or replaced. These say how a value
// then arrives, in other words than the program does.
var (
	notPlain = regexp.MustCompile(`[\x00-\x08\x0b-\x1f\x7f-\x{9f}\x{202a}-\x{202e}\x{2066}-\x{2069}]`)
	notXML   = regexp.MustCompile(`[^\t\n\r -\x{d7ff}\x{e000}-\x{fffd}\x{10000}-\x{10ffff}]`)
	formula  = regexp.MustCompile(`^(\t|[\pZ\s\x{85}]*[=+\-@＝＋－＠])`)
)

func asPlain(value string) string { return notPlain.ReplaceAllString(value, "") }

func asXML(value string) string { return notXML.ReplaceAllString(value, "\uFFFD") }

func asHTML(value string) string { return strings.ReplaceAll(value, "\x00", "\uFFFD") }

// asCell is how a value arrives in a cell: a formula is made text.
func asCell(value string) string {
	if value = asPlain(value); formula.MatchString(value) {
		return "'" + value
	}
	return value
}
