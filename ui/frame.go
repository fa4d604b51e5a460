package ui

// A frameView is what surrounds a page.
type frameView struct {
	page
	By     string // who looks
	Places []place
	Notice *notice
}

// A place is an entry of the navigation.
type place struct {
	Address, Name, Icon string
	Key                 string // pressed after g, it leads there
	Here                bool
}

// places returns the navigation. A new page is entered here and in
// [Server.pages].
func places(here string) []place {
	all := []place{
		{Address: "/", Name: "Home", Icon: "home", Key: "h"},
		{Address: "/notifications", Name: "Notifications", Icon: "list", Key: "l"},
	}
	for i := range all {
		all[i].Here = all[i].Address == here
	}
	return all
}

// A troubleView is what is shown in place of a page that cannot be.
type troubleView struct {
	Heading, Text string
	Again         string // the address to try once more; "": that would not help
}

// An emptyView stands where a list would be.
type emptyView struct {
	Icon, Heading, Text string
	Good                bool // nothing is here because all is well
	Alone               bool // there is nothing else on the page
	Link, Address       string
}

func againLink(address string) string {
	if address == "" {
		return ""
	}
	return "Try again"
}
