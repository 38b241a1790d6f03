package receive

import (
	"net/http"
	"net/netip"
	"strings"
)

// allowed reports whether a request may come from where it comes from.
func (r *Receiver) allowed(req *http.Request) bool {
	if len(r.o.Allow) == 0 {
		return true
	}
	from, ok := r.source(req)
	return ok && within(r.o.Allow, from)
}

// source returns the address that a request came from: the peer's, or where that is a proxy of ours the last address in
// X-Forwarded-For that is none. What stands before that the client may have invented.
func (r *Receiver) source(req *http.Request) (netip.Addr, bool) {
	peer, err := netip.ParseAddrPort(req.RemoteAddr)
	if err != nil {
		return netip.Addr{}, false
	}
	at := peer.Addr().Unmap().WithZone("")
	if !within(r.o.Proxies, at) {
		return at, true
	}
	hops := strings.Split(strings.Join(req.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			return netip.Addr{}, false
		}
		if at = hop.Unmap(); !within(r.o.Proxies, at) {
			return at, true
		}
	}
	return netip.Addr{}, false
}

func within(list []netip.Prefix, a netip.Addr) bool {
	for _, p := range list {
		if p.Contains(a) {
			return true
		}
	}
	return false
}
