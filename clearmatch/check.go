package clearmatch

import (
	"fmt"
	"unicode"
	"unicode/utf8"
)

// check refuses an envelope, read to its end, that no notification can be made
// of. What is wrong goes before what is missing: 422 means otherwise in order.
func (p *parser) check(env *envelope) *Fault {
	for member, value := range env.value {
		allowed := maxText
		if member == id {
			allowed = maxID
		}
		if n := len(value); n > allowed {
			return p.fault(env.at[member], fmt.Sprintf("%q is %d bytes long; %d are allowed", spelling[member], n, allowed))
		}
	}
	for rest := env.value[id]; len(rest) > 0; {
		r, size := utf8.DecodeRune(rest)
		if unicode.IsControl(r) {
			return p.fault(env.at[id], fmt.Sprintf(`"id" has the control character %U in it; none is allowed`, r))
		}
		rest = rest[size:]
	}
	for _, member := range [...]int{id, notificationType} {
		if len(env.value[member]) > 0 {
			continue
		}
		if env.at[member] == 0 {
			return &Fault{Member: spelling[member], Reason: fmt.Sprintf("the member %q is missing", spelling[member])}
		}
		f := p.fault(env.at[member], fmt.Sprintf("the member %q is empty", spelling[member]))
		f.Member = spelling[member]
		return f
	}
	return nil
}
