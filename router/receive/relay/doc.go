// Package relay is what a receiver on another host and its hub say to each other. An exchange is a request of the receiver,
// signed with a key that both have, and an answer that is signed with it, too. So the hub takes nothing from strangers, and the
// receiver forgets and trusts nothing because a stranger said so.
//
// A batch of deliveries may be sent any number of times: the hub knows by the spool's name and the deliveries' numbers which
// it has. A question (Ask) may wait at the hub for its answer, so that what the hub has to tell is there at once: the secrets
// that vendors made, and the paths where one is expected because a webhook is being created. Those are encrypted; deliveries are
// not: what leaves the machine needs TLS or a tunnel.
//
// It stores nothing itself; packages spool and ledger do. It takes no delivery and knows no vendor.
package relay
