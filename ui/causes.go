package ui

import (
	"regexp"

	"processmanager/ppm"
)

// A cause is why something did not work, in words for somebody who is no
// developer. Many failures have one cause, and are mended by one thing.
type cause struct {
	Key    string // in addresses
	Title  string // goes on after the client's name: "refuses the password"
	Remedy string // what to do about it
}

// causes are what clients' errors, and those of Clearmatch's API, mean. The
// first whose pattern is found counts. The packages that make these errors say
// the same at more length; a test at the top level holds them together.
var causes = []struct {
	pattern *regexp.Regexp
	cause
}{
	{regexp.MustCompile(`refuses the password|wants to know who sends|log in as`),
		cause{"password", "refuses the password", "Give it the right user name and password."}},
	{regexp.MustCompile(`refuses the token|refuses the access token|access token from`),
		cause{"token", "refuses the token", "Ask whoever runs it for a new token, and give it to the client."}},
	{regexp.MustCompile(`API refused a fresh token|does not let this client id`),
		cause{"login", "does not let us in", "Ask Clearmatch whether this client id and secret are still good and may read applications."}},
	{regexp.MustCompile(`does not let them`),
		cause{"forbidden", "knows who sends, but does not allow it", "Ask whoever runs it to allow this account."}},
	{regexp.MustCompile(`API does not have this application`),
		cause{"unknown-application", "does not have the application", "Ask Clearmatch about the application; sending it again will not help by itself."}},
	{regexp.MustCompile(`its certificate has expired|certificate is not valid yet`),
		cause{"expired", "has a certificate that has expired", "Whoever runs it has to renew the certificate. Look at the clock of this computer, too."}},
	{regexp.MustCompile(`nobody this machine trusts|certificate is for another name|certificate is no good`),
		cause{"certificate", "has a certificate that is not trusted", "Check that the address is right; then name the certificate to trust."}},
	{regexp.MustCompile(`does not speak TLS|refuses the TLS|does not speak HTTP`),
		cause{"tls", "does not speak the language expected", "Check the port, and whether its address begins with http or https."}},
	{regexp.MustCompile(`no host of this name`),
		cause{"name", "is at an address that does not exist", "Look at the spelling of the address."}},
	{regexp.MustCompile(`no way to it from here|could not ask for the address`),
		cause{"network", "cannot be reached from this computer", "Look at the network and, if there is one, the VPN."}},
	{regexp.MustCompile(`nothing listens there`),
		cause{"refused", "is not running", "Start the program, and check the port in its address."}},
	{regexp.MustCompile(`in time|\(timeout\)`),
		cause{"timeout", "does not answer in time", "See whether it is switched on, overloaded, or behind a firewall."}},
	{regexp.MustCompile(`hung up`),
		cause{"hung-up", "hangs up before it answers", "Look into its log; it may be crashing."}},
	{regexp.MustCompile(`answered 404|has nothing at this address`),
		cause{"nothing-there", "has nothing at this address", "Look at the path in its address."}},
	{regexp.MustCompile(`sends ppm elsewhere|sends ppm to|it has moved`),
		cause{"moved", "has moved", "Give it the new address."}},
	{regexp.MustCompile(`gone for good`),
		cause{"gone", "is gone for good", "Give it another address, or remove the client."}},
	{regexp.MustCompile(`fewer requests`),
		cause{"too-many", "wants fewer requests", "Let it have fewer attempts a minute."}},
	{regexp.MustCompile(`does not understand what was sent|does not take|wants another type`),
		cause{"not-understood", "does not understand what is sent", "Look at what it answered; the format or the template may have to change."}},
	{regexp.MustCompile(`something is wrong there|answered 5\d\d`),
		cause{"broken", "has trouble of its own", "Look into its log, or tell whoever runs it."}},
	{regexp.MustCompile(`disk is full`),
		cause{"disk-full", "has no room left on the disk", "Make room on the disk."}},
	{regexp.MustCompile(`there is no folder|is no folder`),
		cause{"no-folder", "has no folder to write to", "Make the folder, or connect its drive."}},
	{regexp.MustCompile(`file of that name with other content`),
		cause{"file-there", "has other files in the way", "Move the other file away."}},
	{regexp.MustCompile(`there is no such file|is not installed|is a folder: change|no program for this system`),
		cause{"no-program", "is not a program that can be started", "Install the program, or change its path."}},
	{regexp.MustCompile(`account that ppm runs`),
		cause{"not-allowed", "may not be used by this account", "Allow the account that ppm runs as to use it."}},
	{regexp.MustCompile(`exit status|ended by|signal`),
		cause{"exit", "ended with an error", "Look at what it printed, and into its log."}},
	{regexp.MustCompile(`\b55\d\b|mailbox`),
		cause{"mailbox", "could not be mailed to", "Check the address, and whether the mailbox is full."}},
	{regexp.MustCompile(`nothing is left to send`),
		cause{"erased", "cannot be given what has been erased", "Nothing: what it was to get is not kept any more."}},
	{regexp.MustCompile(`what comes out is|template|is not JSON`),
		cause{"template", "cannot be given what its template makes", "Look at the template, and at the data of this application."}},
}

// unknownCause is of an error that nobody has words for. What was said is shown.
var unknownCause = cause{"other", "did not take what was sent", "Look at what it said."}

// causeOf returns what an error means, which was kept as text.
func causeOf(text string) cause {
	for _, c := range causes {
		if c.pattern.MatchString(text) {
			return c.cause
		}
	}
	return unknownCause
}

// CauseKey returns the name of the cause that an error's text means, "other" if
// nobody has words for it.
func CauseKey(text string) string { return causeOf(text).Key }

// causeOfDead returns why a delivery was given up on.
func causeOfDead(d ppm.Delivery) cause {
	switch {
	case d.Error != "":
		return causeOf(d.Error)
	case d.Attempts == 0 && d.Rule != 0:
		return cause{"rule", "has a rule that could not be applied", "Look at the rule, and at the data of this application."}
	case d.Attempts == 0:
		return cause{"no-data", "needs data that could not be fetched", "See why Clearmatch did not give the application; sending again fetches it again."}
	}
	return unknownCause
}

// answered is the status of an HTTP answer or of a program, in an error's text.
var answered = regexp.MustCompile(`(?:answered|exit status) (\d+)`)

// troubleOf says in one line what an error means: whose it is, what is wrong, and
// the code in brackets. What nobody has words for is told as it was said.
func troubleOf(name, text string) string {
	why := causeOf(text)
	if why.Key == unknownCause.Key {
		return name + ": " + firstLine(text)
	}
	line := name + " " + why.Title
	if m := answered.FindStringSubmatch(text); m != nil {
		line += " (" + m[1] + ")"
	}
	return line
}
