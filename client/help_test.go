package client_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"processmanager/client"
	"processmanager/ppm"
)

// open returns the way to a client of that kind.
func open(t *testing.T, kind ppm.Kind, settings map[string]any, secrets map[string]string) client.Way {
	t.Helper()
	way, err := tryOpen(t, kind, settings, secrets)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { check(t, way.Close()) })
	return way
}

func tryOpen(t *testing.T, kind ppm.Kind, settings map[string]any, secrets map[string]string) (client.Way, error) {
	t.Helper()
	text, err := json.Marshal(settings)
	check(t, err)
	return client.Open(ppm.Client{Name: "crm", Kind: kind, Settings: text, Secrets: secrets, Data: true}, client.Options{Version: "test"})
}

// tempDir is TempDir of t. On Windows it is emptied file by file, since Wine does
// not have the call that TempDir makes for it.
func tempDir(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "windows" {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("", "ppm-client-")
	check(t, err)
	t.Cleanup(func() {
		var all []string
		check(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			all = append(all, path)
			return err
		}))
		for _, path := range slices.Backward(all) {
			check(t, os.Remove(path))
		}
	})
	return dir
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// parcel returns what is delivered: a notification about that application.
func parcel(application string) ppm.Parcel {
	n := ppm.Notification{
		Application: application, Type: "batchApplicationStatusChange", Partner: "XXXXXXXX", Event: "Posted",
		EventTime: "2017-01-01T00:00:00", Content: "https://demo-api.clearmatch.co/v1/UnsecuredLoans/application/A056035",
	}
	return parcelOf(1042, n)
}

func parcelOf(number int64, n ppm.Notification) ppm.Parcel {
	body, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	name := ppm.DeliveryName{Receipt: ppm.NewReceipt(number, n.Identity()), Client: 3}
	return ppm.Parcel{
		Delivery:     ppm.Delivery{DeliveryName: name, Application: n.Application, State: ppm.Waiting},
		Key:          name.Key(),
		Notification: n,
		ReceivedAt:   time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Body:         body,
		Data:         []byte(`{"applicant":"Änne O'Hara","amount":12345678901234567890.10}`),
		DataAt:       time.Date(2026, 1, 2, 3, 4, 6, 0, time.UTC),
	}
}

func isFinal(err error) bool {
	var final ppm.PermanentError
	return errors.As(err, &final)
}
