package pubsub

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// codePrefix begins the vendor's error codes.
const codePrefix = "sfdc.platform.eventbus.grpc."

// refusal is an error as the vendor sends it: its code and the id of the call are in the trailer, and the id in the text
// (https://developer.salesforce.com/docs/platform/pub-sub-api/guide/handling-errors.html). The trailer `rpc-id` is named
// after the vendor's example; the page does not spell it.
type refusal struct {
	status codes.Code
	code   string // without the prefix
	text   string
}

// The refusals. Codes and texts are the vendor's where its pages have them.
var (
	noSignIn     = refusal{codes.Unauthenticated, "service.auth.error", "An authentication exception occurred. Provide valid authentication via metadata headers."}
	badReplay    = refusal{codes.InvalidArgument, "subscription.fetch.replayid.corrupted", "The Replay ID validation failed. Ensure that the Replay ID is valid."}
	noReplay     = refusal{codes.InvalidArgument, "subscription.fetch.replayid.validation.failed", "The Replay ID validation failed. Provide a Replay ID with the CUSTOM preset."}
	badRequest   = refusal{codes.InvalidArgument, "subscription.fetch.requested.events.invalid", "The number of requested events must be greater than zero."}
	otherTopic   = refusal{codes.InvalidArgument, "subscription.fetch.topic.mismatch", "The topic name must be the one of the first request."}
	noTopic      = refusal{codes.InvalidArgument, "topic.not.found", "The topic was not found."}
	noSchema     = refusal{codes.InvalidArgument, "schema.not.found", "The schema was not found."}
	unavailable  = refusal{codes.Unavailable, "service.unavailable", "The service is unavailable."}
	limitReached = refusal{codes.ResourceExhausted, "subscription.limit.exceeded", "You have exceeded the event delivery limit for your org."}
)

func (r refusal) trailer() (metadata.MD, error) {
	id := uuid.NewString()
	return metadata.Pairs("error-code", codePrefix+r.code, "rpc-id", id),
		status.Error(r.status, fmt.Sprintf("%s rpcId: %s", r.text, id))
}

// end ends a stream.
func (r refusal) end(stream grpc.ServerStream) error {
	trailer, err := r.trailer()
	stream.SetTrailer(trailer)
	return err
}

// fail ends a call.
func (r refusal) fail(ctx context.Context) error {
	trailer, err := r.trailer()
	_ = grpc.SetTrailer(ctx, trailer)
	return err
}

// signedIn reports whether a call carries a sign-in that is good now.
func (s *Server) signedIn(ctx context.Context) bool {
	md, _ := metadata.FromIncomingContext(ctx)
	one := func(key string) string {
		if v := md.Get(key); len(v) == 1 {
			return v[0]
		}
		return ""
	}
	return one("instanceurl") != "" && s.org.Authenticate(one("accesstoken"), one("instanceurl"), one("tenantid"))
}
