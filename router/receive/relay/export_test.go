package relay

import "github.com/millrace/millrace/connectors"

// Door opens the hub's door.
func Door(key connectors.Secret) string { return door(key) }

// SignBatch signs any body as a receiver would.
func SignBatch(key connectors.Secret, body []byte) string { return sign(key, "batch", "", body) }
