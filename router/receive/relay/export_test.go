package relay

import "github.com/millrace/millrace/connectors"

// SignBatch signs any body as a receiver would.
func SignBatch(key connectors.Secret, body []byte) string { return sign(key, "batch", "", body) }
