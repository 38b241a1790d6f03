// Package relay carries deliveries from a receiver on another host to the hub: a batch is a request, signed with a key that
// both have, and the answer is signed with it, too. So the hub takes nothing from strangers, and the receiver forgets nothing
// because a stranger said that it was stored.
//
// A batch may be sent any number of times: the hub knows by the spool's name and the deliveries' numbers which it has. The
// signature proves who speaks, it hides nothing: what leaves the machine needs TLS or a tunnel.
//
// It stores nothing itself; packages spool and ledger do.
package relay
