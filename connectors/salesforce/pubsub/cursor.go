package pubsub

import (
	"encoding/base64"
	"strings"

	"github.com/millrace/millrace/connectors"
)

// cursorMark begins every cursor and says which form it has.
const cursorMark = "r1:"

// maxReplayID is the longest replay id kept. The vendor's have a few bytes.
const maxReplayID = 1024

// encodeCursor returns the cursor behind a replay id, which is opaque: its bytes are neither numbers nor contiguous
// (https://developer.salesforce.com/docs/platform/pub-sub-api/guide/event-message-durability.html).
func encodeCursor(replay []byte) connectors.Cursor {
	return connectors.Cursor(cursorMark + base64.RawURLEncoding.EncodeToString(replay))
}

// decodeCursor returns the replay id of a cursor, nil for "". One that cannot be read is like one that expired: the place
// is lost, and what came after it is read again.
func decodeCursor(c connectors.Cursor) ([]byte, error) {
	if c == "" {
		return nil, nil
	}
	text, marked := strings.CutPrefix(string(c), cursorMark)
	replay, err := base64.RawURLEncoding.DecodeString(text)
	if !marked || err != nil || len(replay) == 0 || len(replay) > maxReplayID {
		return nil, &connectors.Error{Kind: connectors.Gone, Expired: true, Op: "follow changes", Reason: "the cursor is not one of this connector"}
	}
	return replay, nil
}
