package client_test

import (
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"processmanager/ppm"
)

func TestAFolderGetsOneFileADelivery(t *testing.T) {
	dir := t.TempDir()
	way := open(t, ppm.Folder, map[string]any{"path": dir}, nil)
	p := parcel("../../A056035")
	for range 2 { // as when the first attempt was not recorded
		if _, err := way.Deliver(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	files, err := os.ReadDir(dir)
	check(t, err)
	if len(files) != 1 || files[0].Name() != p.Key+".json" {
		t.Fatalf("the folder holds %v", files)
	}
	text, err := os.ReadFile(filepath.Join(dir, files[0].Name()))
	check(t, err)
	if !json.Valid(text) || !strings.Contains(string(text), "12345678901234567890.10") {
		t.Errorf("the file holds %s", text)
	}
}

func TestAFileOfSomebodyElseIsNotOverwritten(t *testing.T) {
	dir := t.TempDir()
	p := parcel("A1")
	file := filepath.Join(dir, p.Key+".json")
	check(t, os.WriteFile(file, []byte("mine"), 0o600))
	if _, err := open(t, ppm.Folder, map[string]any{"path": dir}, nil).Deliver(t.Context(), p); err == nil {
		t.Error("it was delivered over another file")
	}
	if text, err := os.ReadFile(file); err != nil || string(text) != "mine" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}

func TestAFolderThatIsAwayIsTriedAgain(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "away")
	way := open(t, ppm.Folder, map[string]any{"path": dir}, nil)
	if _, err := way.Deliver(t.Context(), parcel("A1")); err == nil || isFinal(err) {
		t.Errorf("%v", err)
	}
	check(t, os.Mkdir(dir, 0o700))
	if _, err := way.Deliver(t.Context(), parcel("A1")); err != nil {
		t.Errorf("once it is there: %v", err)
	}
}

func TestCSVFilesAreSafeToOpen(t *testing.T) {
	for _, value := range hostile {
		dir := t.TempDir()
		way := open(t, ppm.Folder, map[string]any{
			"path": dir, "body": "template", "contentType": "text/csv", "bom": true,
			"template": "id,name\r\n{{.notification.id}},{{.application.name}}\r\n",
		}, nil)
		p := parcel("A1")
		data, err := json.Marshal(map[string]string{"name": value})
		check(t, err)
		p.Data = data
		if _, err := way.Deliver(t.Context(), p); err != nil {
			t.Errorf("%q: %v", value, err)
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, p.Key+".csv"))
		check(t, err)
		rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(string(text), "\ufeff"))).ReadAll()
		if err != nil || len(rows) != 2 || len(rows[1]) != 2 {
			t.Errorf("%q became %q: %v", value, text, err)
			continue
		}
		if cell := rows[1][1]; cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			t.Errorf("%q is a formula in %q", value, text)
		}
	}
}
