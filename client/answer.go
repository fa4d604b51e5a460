package client

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"processmanager/ppm"
)

// judge returns what an answer means for the delivery: nil, that it has arrived.
func judge(r *http.Response, shown, auth string, now time.Time) error {
	status := r.StatusCode
	if status >= 200 && status < 300 {
		return nil
	}
	text := fmt.Sprintf("%s answered %s", shown, strings.TrimSpace(strconv.Itoa(status)+" "+http.StatusText(status)))
	if words := meaning(r, auth); words != "" {
		text += ": " + words
	}
	err := errors.New(text)
	if status == http.StatusGone {
		return ppm.PermanentError{Err: err}
	}
	if after := retryAfter(r.Header, now); after > 0 {
		return ppm.LaterError{Err: err, After: after}
	}
	return err
}

// meaning says what a status that is no success asks of whoever runs ppm.
func meaning(r *http.Response, auth string) string {
	switch status := r.StatusCode; {
	case status >= 300 && status < 400:
		to, err := r.Location()
		if err != nil {
			return "it sends ppm elsewhere, without saying where"
		}
		return "it sends ppm to " + brief([]byte(shownAddress(to.String()))) + ", where ppm does not follow; if that is right, change the setting url"
	case status == http.StatusBadRequest, status == http.StatusUnprocessableEntity:
		return "it does not understand what was sent; look at its answer, and at body and template"
	case status == http.StatusUnauthorized && auth == "none":
		return "it wants to know who sends; look at the setting auth"
	case status == http.StatusUnauthorized && auth == "basic":
		return "it refuses the password; look at user and the secret password"
	case status == http.StatusUnauthorized && auth == "bearer":
		return "it refuses the token; give it the secret token anew"
	case status == http.StatusUnauthorized:
		return "it refuses the access token, a fresh one too; look at tokenURL, clientID and scope"
	case status == http.StatusForbidden:
		return "it knows who sends, but does not let them"
	case status == http.StatusNotFound:
		return "it has nothing at this address; look at the path of url"
	case status == http.StatusMethodNotAllowed:
		return "it does not take this method here; look at the setting method"
	case status == http.StatusProxyAuthRequired:
		return "the proxy of this machine wants a password"
	case status == http.StatusGone:
		return "it is gone for good, and is not tried again; change the setting url, or remove the client"
	case status == http.StatusRequestEntityTooLarge:
		return "it does not take so much at once"
	case status == http.StatusUnsupportedMediaType:
		return "it wants another type; look at the setting contentType"
	case status == http.StatusTooManyRequests:
		return "it wants fewer requests; look at how many attempts a minute the client gets"
	case status >= 500:
		return "something is wrong there, or it is overloaded"
	}
	return ""
}

// longestAfter bounds what a header may ask for, before the engine does.
const longestAfter = 365 * 24 * time.Hour

// retryAfter returns how long the header Retry-After asks to wait, in seconds or
// as a date (RFC 9110 section 10.2.3); 0 if it does not ask.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if date, err := http.ParseTime(text); err == nil {
		return min(max(date.Sub(now), 0), longestAfter)
	}
	if text == "" || strings.Trim(text, "0123456789") != "" {
		return 0
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	if err != nil || seconds > int64(longestAfter/time.Second) {
		return longestAfter // too many digits to be read
	}
	return time.Duration(seconds) * time.Second
}
