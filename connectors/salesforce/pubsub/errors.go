package pubsub

import (
	"regexp"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/millrace/millrace/connectors"
)

// codePrefix begins every error code of the Pub/Sub API
// (https://developer.salesforce.com/docs/platform/pub-sub-api/guide/handling-errors.html).
const codePrefix = "sfdc.platform.eventbus.grpc."

// The error codes that are told apart, without the prefix.
const (
	replayCorrupted = "subscription.fetch.replayid.corrupted" // older than 72 hours, or of another instance
	replayInvalid   = "subscription.fetch.replayid.validation.failed"
	authError       = "service.auth.error"
	deliveryLimit   = "subscription.limit.exceeded" // events of 24 hours
	clientLimit     = "concurrent.client.limit.exceeded"
)

// limitWait is how long a limit that counts a day is given before it is asked again.
const limitWait = 5 * time.Minute

var (
	codeInText = regexp.MustCompile(`sfdc\.platform\.eventbus\.grpc\.[a-z.]+[a-z]`)
	callInText = regexp.MustCompile(`rpcId: ?([A-Za-z0-9-]{8,64})`)
)

// refused makes an error of a call's end in terms of the router. The vendor's code is in the trailer `error-code`; a proxy
// may lose trailers, so the text is searched too. The text itself is not shown.
func refused(op string, err error, trailer metadata.MD) *connectors.Error {
	s := status.Convert(err)
	e := &connectors.Error{Kind: kindOf(s.Code()), Op: op, Reason: s.Code().String(), Trace: first(trailer, "rpc-id")}
	code := strings.TrimPrefix(first(trailer, "error-code"), codePrefix)
	if code == "" {
		code = strings.TrimPrefix(codeInText.FindString(s.Message()), codePrefix)
	}
	if m := callInText.FindStringSubmatch(s.Message()); e.Trace == "" && m != nil {
		e.Trace = m[1]
	}
	if code != "" {
		e.Reason = clip(code)
	}
	switch code {
	case replayCorrupted, replayInvalid:
		e.Kind, e.Expired = connectors.Gone, true
	case authError:
		e.Kind = connectors.Denied
	case deliveryLimit, clientLimit:
		e.Kind = connectors.Limited
	}
	if e.Kind == connectors.Limited {
		e.After = limitWait
	}
	return e
}

// kindOf classifies what has no code of the vendor's.
func kindOf(c codes.Code) connectors.Kind {
	switch c {
	case codes.Unauthenticated, codes.PermissionDenied:
		return connectors.Denied
	case codes.ResourceExhausted:
		return connectors.Limited
	case codes.InvalidArgument, codes.NotFound, codes.FailedPrecondition:
		return connectors.Rejected // a topic that is not there or not ours to read
	case codes.Unimplemented:
		return connectors.Gone
	}
	return connectors.Temporary
}

// signInRefused reports whether the vendor did not take the access token.
func signInRefused(err *connectors.Error) bool {
	return err.Reason == authError || err.Reason == codes.Unauthenticated.String()
}

func first(md metadata.MD, key string) string {
	if list := md.Get(key); len(list) > 0 {
		return clip(list[0])
	}
	return ""
}

// clip bounds a text that came from outside and drops what no code has in it.
func clip(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
	return text[:min(len(text), 120)]
}
