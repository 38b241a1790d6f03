package pubsub

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/millrace/millrace/connectors"
)

// The example of the vendor's page on bitmaps.
func TestBitsOfTheVendorsExample(t *testing.T) {
	for hex, want := range map[string][]int{
		"0x650004E0": {5, 6, 7, 10, 24, 26, 29, 30}, "0x10": {4}, "0x06": {1, 2}, "0x": nil, "0xZZ": nil, "650004E0": nil, "": nil,
	} {
		if got := bitsOf(hex); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", hex, got, want)
		}
	}
}

const testSchema = `{"type":"record","name":"AccountChangeEvent","namespace":"com.sforce.eventbus","fields":[
 {"name":"ChangeEventHeader","type":{"type":"record","name":"ChangeEventHeader","fields":[
  {"name":"entityName","type":"string"},{"name":"recordIds","type":{"type":"array","items":"string"}},
  {"name":"changeType","type":{"type":"enum","name":"ChangeType","symbols":["CREATE","UPDATE"]}},
  {"name":"changeOrigin","type":["null","string"]},{"name":"commitTimestamp","type":"long"},
  {"name":"changedFields","type":{"type":"array","items":"string"}}]}},
 {"name":"Name","type":["null","string"]},
 {"name":"BillingAddress","type":["null",{"type":"record","name":"Address","fields":[
   {"name":"Street","type":["null","string"]},{"name":"City","type":["null","string"]}]}]},
 {"name":"Phone","type":["null","string"]},
 {"name":"ShippingAddress","type":["null","com.sforce.eventbus.Address"]},
 {"name":"OtherAddress","type":["null","Address"]}]}`

// Compound fields are named with their parts, also where the schema names the type of an earlier one.
func TestBitmapsNameFields(t *testing.T) {
	s, err := parseSchema(testSchema)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ bitmaps, want string }{
		{"0x0A", "Name Phone"},
		{"0x02 2-0x02", "Name BillingAddress.City"},
		{"4-0x01", "ShippingAddress.Street"},
		{"5-0x03", "OtherAddress.Street OtherAddress.City"},
		{"0xFF00 9-0x01 x-0x01 -1-0x01 1-0x01 2-0xF0 2-", ""},
	} {
		if got := strings.Join(s.fieldNames(strings.Fields(c.bitmaps)), " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.bitmaps, got, c.want)
		}
	}
}

// An error has the vendor's code from wherever it is, and none of the vendor's text.
func TestRefusedReadsTheVendorsCode(t *testing.T) {
	const code = codePrefix + "subscription.fetch.replayid.corrupted"
	for name, c := range map[string]struct {
		err     error
		trailer metadata.MD
		kind    connectors.Kind
		reason  string
		expired bool
	}{
		"trailer": {status.Error(codes.InvalidArgument, "no"), metadata.Pairs("error-code", code), connectors.Gone, replayCorrupted, true},
		"text":    {status.Error(codes.InvalidArgument, "code "+code+" rpcId: 1234-5678-9"), nil, connectors.Gone, replayCorrupted, true},
		"none":    {status.Error(codes.Unavailable, "RST_STREAM closed stream"), nil, connectors.Temporary, "Unavailable", false},
		"sign-in": {status.Error(codes.Unauthenticated, "x"), metadata.Pairs("error-code", codePrefix+"service.auth.error"), connectors.Denied, authError, false},
		"limit":   {status.Error(codes.ResourceExhausted, "x"), nil, connectors.Limited, "ResourceExhausted", false},
		"ours":    {errors.New("connection reset"), nil, connectors.Temporary, "Unknown", false},
		"rubbish": {status.Error(codes.Internal, "x"), metadata.Pairs("error-code", codePrefix+"a\nb"+strings.Repeat("x", 500)), connectors.Temporary, "", false},
	} {
		e := refused("follow", c.err, c.trailer)
		if e.Kind != c.kind || e.Expired != c.expired || c.reason != "" && e.Reason != c.reason || len(e.Error()) > 300 || strings.Contains(e.Error(), "\n") {
			t.Errorf("%s: got %v, want %v %s", name, e, c.kind, c.reason)
		}
	}
}

// A token leaves the machine encrypted only.
func TestEndpoints(t *testing.T) {
	for text, ok := range map[string]bool{
		DefaultEndpoint: true, "api.deu.pubsub.salesforce.com:443": true, "http://127.0.0.1:7443": true, "http://localhost:1/": true,
		"http://[::1]:7443": true, "http://api.pubsub.salesforce.com:7443": false, "http://10.0.0.1:80": false, "api.pubsub.salesforce.com": false,
		"https://api.pubsub.salesforce.com:7443": false, ":7443": false, "a@b:1": false, "a/b:1": false,
	} {
		if err := CheckEndpoint(text); (err == nil) != ok {
			t.Errorf("%s: %v, want accepted %v", text, err, ok)
		}
	}
}

// FuzzEvent decodes events of schemas that anything may have written.
func FuzzEvent(f *testing.F) {
	f.Add(testSchema, []byte("\x0eAccount\x02$001000000000001AAA\x00\x02\x02\x00\x02\x02\x080x0A\x00"))
	f.Add(`{"type":"record","name":"X","fields":[{"name":"ChangeEventHeader","type":"string"}]}`, []byte("\x02a"))
	f.Add(`{"type":"record","name":"X","fields":[{"name":"A","type":{"type":"array","items":"null"}},{"name":"ChangeEventHeader","type":"X"}]}`, []byte("\xfe\xff\xff\xff\x0f\x00"))
	f.Fuzz(func(t *testing.T, schema string, payload []byte) {
		s, err := parseSchema(schema)
		if err != nil {
			return
		}
		c, err := s.decode(payload)
		if err == nil && len(c.IDs) > len(payload) {
			t.Errorf("%d ids from %d bytes", len(c.IDs), len(payload))
		}
	})
}

// Every form of cursor that was ever written stays readable.
func TestCursorForms(t *testing.T) {
	for cursor, want := range map[connectors.Cursor]string{
		"r1:AAAAAAAAG6AAAA": "\x00\x00\x00\x00\x00\x00\x1b\xa0\x00\x00", // 2026-11-30
	} {
		got, err := decodeCursor(cursor)
		if err != nil || string(got) != want {
			t.Errorf("%s: %x, %v; want %x", cursor, got, err, want)
		}
		if again := encodeCursor(got); again != cursor {
			t.Errorf("%s is written as %s", cursor, again)
		}
	}
	if got, err := decodeCursor(""); got != nil || err != nil {
		t.Errorf("no cursor: %x, %v; want none", got, err)
	}
}
