package message

import "strings"

// direction tells who wrote to whom. A mail from ourselves to ourselves that is to be answered to somebody else is inbound:
// forms on web sites write so, and lists that write in their own name. So is a bounce, whoever writes it.
func direction(m *Message, own Own) Direction {
	switch {
	case m.Bounce != nil || len(m.From) == 0 || !all(m.From, own):
		return Inbound
	case !all(m.To, own) || !all(m.Cc, own) || !all(m.Bcc, own):
		return Outbound
	case !all(m.ReplyTo, own):
		return Inbound
	}
	return Internal
}

// all reports whether every address of a list is ours. Names without an address are nobody's.
func all(list []Address, own Own) bool {
	for _, a := range list {
		if a.Address != "" && !own.Has(a.Address) {
			return false
		}
	}
	return true
}

// correspondents returns the addresses of everybody who is not ours, each once.
func correspondents(m *Message, own Own) (list []string) {
	seen := make(map[string]bool)
	add := func(address string) {
		if key := strings.ToLower(address); address != "" && !seen[key] && !own.Has(address) {
			seen[key] = true
			list = append(list, address)
		}
	}
	for _, some := range [][]Address{m.From, m.ReplyTo, m.Sender, m.To, m.Cc, m.Bcc} {
		for _, a := range some {
			if m.Bounce == nil || !isMailer(a.Address) {
				add(a.Address)
			}
		}
	}
	if m.Bounce != nil {
		for _, r := range m.Bounce.Recipients {
			add(r.Address)
		}
	}
	return list
}
