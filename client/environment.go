package client

import (
	"maps"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"processmanager/ppm"
)

// passedOn are the variables of ppm's own environment that a program gets: what
// it needs to find its way about the machine. None of ppm's settings is among
// them, for they may hold passwords.
var passedOn = map[string][]string{
	"windows": {
		"ALLUSERSPROFILE", "APPDATA", "COMMONPROGRAMFILES", "COMMONPROGRAMFILES(X86)", "COMMONPROGRAMW6432", "COMPUTERNAME", "COMSPEC",
		"HOMEDRIVE", "HOMEPATH", "LOCALAPPDATA", "NUMBER_OF_PROCESSORS", "OS", "PATH", "PATHEXT", "PROCESSOR_ARCHITECTURE", "PROGRAMDATA",
		"PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "PSMODULEPATH", "PUBLIC", "SYSTEMDRIVE", "SYSTEMROOT", "TEMP", "TMP",
		"USERDOMAIN", "USERNAME", "USERPROFILE", "WINDIR",
	},
	"": {"HOME", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LOGNAME", "PATH", "SHELL", "TMPDIR", "TZ", "USER"},
}

// inherited returns what of environ a program of that system gets.
func inherited(system string, environ []string) []string {
	names, ok := passedOn[system]
	if !ok {
		names = passedOn[""]
	}
	var kept []string
	for _, e := range environ {
		name, _, _ := strings.Cut(e, "=")
		if system == "windows" {
			name = strings.ToUpper(name)
		}
		if slices.Contains(names, name) {
			kept = append(kept, e)
		}
	}
	return kept
}

// variables returns what tells a program about the delivery. What comes from
// the notification is left out where that is not certain to stay a value: a
// batch file that names a variable runs what is in it.
func variables(p ppm.Parcel, batch bool) []string {
	all := []string{
		"PPM_DELIVERY_ID=" + p.Key,
		"PPM_RECEIPT=" + string(p.Receipt),
		"PPM_ATTEMPT=" + strconv.Itoa(p.Attempts+1),
	}
	if batch {
		return all
	}
	n := p.Notification
	for _, v := range [...]struct{ name, value string }{
		{"PPM_APPLICATION", n.Application},
		{"PPM_TYPE", n.Type},
		{"PPM_EVENT", n.Event},
		{"PPM_PARTNER", n.Partner},
		{"PPM_EVENT_TIME", n.EventTime},
	} {
		// Only a NUL cannot be said in an environment.
		all = append(all, v.name+"="+strings.ReplaceAll(v.value, "\x00", "\uFFFD"))
	}
	return all
}

// environment returns all that a program finds in its environment. Of two with
// one name the later counts: what the delivery is, before what the client's
// settings say, before what is passed on.
func environment(own map[string]string, p ppm.Parcel, batch bool) []string {
	all := inherited(runtime.GOOS, os.Environ())
	for _, name := range slices.Sorted(maps.Keys(own)) {
		all = append(all, name+"="+own[name])
	}
	return append(all, variables(p, batch)...)
}

// checkEnvironment says what of the settings cannot be in an environment.
func checkEnvironment(own map[string]string, faults *Faults) {
	for _, name := range slices.Sorted(maps.Keys(own)) {
		value := own[name]
		switch {
		case name == "" || strings.ContainsAny(name, "=\x00") || strings.ContainsRune(value, 0):
			faults.add("environment", strconv.Quote(name)+" cannot be a variable's name, or there is a NUL character in its value", "write names without = and values without NUL")
		case strings.HasPrefix(strings.ToUpper(name), "PPM_") && name != "PPM_DATA":
			faults.add("environment", name+" begins like the variables that ppm sets itself", "take another name; of those only PPM_DATA can be set")
		}
	}
}
