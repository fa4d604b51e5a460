package assets

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAnAssetIsServedForEverUnderItsHashAndNowhereElse(t *testing.T) {
	address := Path("app.css")
	if !strings.HasPrefix(address, "/assets/app-") || !strings.HasSuffix(address, ".css") {
		t.Fatalf("Path = %q", address)
	}
	w := httptest.NewRecorder()
	Handler().ServeHTTP(w, httptest.NewRequest("GET", address, nil))
	if w.Code != 200 || !strings.HasPrefix(w.Header().Get("Content-Type"), "text/css") ||
		!strings.Contains(w.Header().Get("Cache-Control"), "immutable") || w.Body.Len() == 0 {
		t.Errorf("answer = %d %v, %d bytes", w.Code, w.Header(), w.Body.Len())
	}
	for _, other := range []string{"/assets/app.css", "/assets/", "/assets/app-00000000.css", "/assets/../app.css"} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", "/", nil)
		r.URL.Path = other
		Handler().ServeHTTP(w, r)
		if w.Code != 404 {
			t.Errorf("%s answered %d, want 404", other, w.Code)
		}
	}
}

func TestAMisspeltNamePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Path of an unknown name returned")
		}
	}()
	Path("ap.css")
}
