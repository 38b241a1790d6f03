package eventbus_test

import (
	"os"
	"regexp"
	"strconv"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/millrace/millrace/connectors/connectortest"
	"github.com/millrace/millrace/connectors/salesforce/eventbus"
)

var (
	message = regexp.MustCompile(`(?ms)^\s*message (\w+) \{(.*?)^\s*\}`)
	field   = regexp.MustCompile(`(?m)^\s*(?:repeated |optional )?[\w.]+ (\w+) = (\d+);`)
	call    = regexp.MustCompile(`(?m)^\s*rpc (\w+) ?\(`)
)

// TestGeneratedFromTheContract: every message with its fields, and every call of the vendor's contract is in the generated
// code under the same number.
func TestGeneratedFromTheContract(t *testing.T) {
	text, err := os.ReadFile(connectortest.Shared(t, "specs", "salesforce", "pubsub_api.proto"))
	if err != nil {
		t.Fatal(err)
	}
	file := eventbus.File_pubsub_api_proto
	messages := message.FindAllStringSubmatch(string(text), -1)
	for _, m := range messages {
		d := file.Messages().ByName(protoreflect.Name(m[1]))
		if d == nil {
			t.Errorf("message %s is not generated", m[1])
			continue
		}
		for _, f := range field.FindAllStringSubmatch(m[2], -1) {
			got := d.Fields().ByName(protoreflect.Name(f[1]))
			if got == nil || strconv.Itoa(int(got.Number())) != f[2] {
				t.Errorf("%s.%s is generated as %v, want number %s", m[1], f[1], got, f[2])
			}
		}
	}
	calls := call.FindAllStringSubmatch(string(text), -1)
	for _, c := range calls {
		if file.Services().Get(0).Methods().ByName(protoreflect.Name(c[1])) == nil {
			t.Errorf("call %s is not generated", c[1])
		}
	}
	if len(messages) != file.Messages().Len() || len(calls) != file.Services().Get(0).Methods().Len() {
		t.Errorf("the contract has %d messages and %d calls, the code %d and %d", len(messages), len(calls), file.Messages().Len(), file.Services().Get(0).Methods().Len())
	}
}
