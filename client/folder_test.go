package client_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"processmanager/ppm"
)

func TestAFolderGetsOneFileADelivery(t *testing.T) {
	dir := tempDir(t)
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

// A program that looks into the folder all the time finds whole files only.
func TestAReaderNeverSeesHalfAFile(t *testing.T) {
	const deliveries = 50
	dir := tempDir(t)
	way := open(t, ppm.Folder, map[string]any{"path": dir}, nil)
	data := []byte(`"` + strings.Repeat("y", 256<<10) + `"`)
	var written sync.WaitGroup
	var done atomic.Bool
	written.Go(func() {
		defer done.Store(true)
		for i := range int64(deliveries) {
			p := parcelOf(i+1, parcel("A1").Notification)
			p.Data = data
			if _, err := way.Deliver(t.Context(), p); err != nil {
				t.Error(err)
			}
		}
	})
	defer written.Wait()
	for seen, last := make(map[string]bool), false; len(seen) < deliveries; {
		if last {
			t.Fatalf("%d files of %d", len(seen), deliveries)
		}
		last = done.Load()
		files, err := filepath.Glob(filepath.Join(dir, "[0-9]*"))
		check(t, err)
		for _, file := range files {
			if seen[file] {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil || !bytes.Contains(text, data) || !bytes.HasSuffix(text, []byte("}")) {
				t.Fatalf("%s holds %d bytes, %v", file, len(text), err)
			}
			seen[file] = true
		}
	}
}

func TestAFileOfSomebodyElseIsNotOverwritten(t *testing.T) {
	dir := tempDir(t)
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
	dir := filepath.Join(tempDir(t), "away")
	way := open(t, ppm.Folder, map[string]any{"path": dir}, nil)
	if _, err := way.Deliver(t.Context(), parcel("A1")); err == nil || isFinal(err) {
		t.Errorf("%v", err)
	}
	check(t, os.Mkdir(dir, 0o700))
	if _, err := way.Deliver(t.Context(), parcel("A1")); err != nil {
		t.Errorf("once it is there: %v", err)
	}
}

// P18: payloads stay data.
func TestPayloadsStayDataInFolders(t *testing.T) {
	dir := tempDir(t)
	way := open(t, ppm.Folder, map[string]any{"path": dir, "contentType": "text/csv", "bom": true, "template": "id,name\r\n" + posted + "," + fetched + "\r\n"}, nil)
	for i, value := range hostile {
		p := hostileParcel(t, value)
		if _, err := way.Deliver(t.Context(), p); err != nil {
			t.Errorf("%d, %q: %v", i, value, err)
			continue
		}
		files, err := os.ReadDir(dir)
		check(t, err)
		if len(files) != 1 || files[0].Name() != p.Key+".csv" || !files[0].Type().IsRegular() {
			t.Fatalf("%d, %q: the folder holds %v", i, value, files)
		}
		file := filepath.Join(dir, files[0].Name())
		text, err := os.ReadFile(file)
		check(t, err)
		text, marked := bytes.CutPrefix(text, []byte("\xef\xbb\xbf"))
		rows, err := csv.NewReader(bytes.NewReader(text)).ReadAll()
		if want := [][]string{{"id", "name"}, {asCell(value), asCell(value)}}; err != nil || !marked || !reflect.DeepEqual(rows, want) {
			t.Errorf("%d, %q: the file holds %q (%v), want %q", i, value, text, err, want)
		}
		check(t, os.Remove(file))
	}
}

func TestExtensionsLeadNowhere(t *testing.T) {
	harmless := regexp.MustCompile(`^\.?[A-Za-z0-9]{1,16}$`)
	dir := tempDir(t)
	for _, value := range append(slices.Clone(hostile), "part", "PART", ".part", "csv/x", "csv.exe", "csv:x", strings.Repeat("x", 17)) {
		_, err := tryOpen(t, ppm.Folder, map[string]any{"path": dir, "extension": value}, nil)
		refused := strings.TrimPrefix(value, ".") != "" && (!harmless.MatchString(value) || strings.EqualFold(strings.TrimPrefix(value, "."), "part"))
		if refused != (err != nil) {
			t.Errorf("%q: %v", value, err)
		}
	}
}
