package sandbox_test

import (
	"strings"
	"testing"

	"github.com/millrace/millrace/connectors/sandbox"
)

func TestReadFaults(t *testing.T) {
	good := `[{"match":{"method":"POST","path":"^/crm/.*/search$"},"kind":"429","times":2,"retry_after":"3"},
		{"kind":"slow","delay":"250ms","probability":0.5}, {"kind":"lost500","skip":1}]`
	faults, err := sandbox.ReadFaults(strings.NewReader(good))
	if err != nil || len(faults) != 3 {
		t.Fatalf("ReadFaults: got %d faults and %v, want 3 and no error", len(faults), err)
	}
	for _, tc := range []struct{ name, in, want string }{
		{"not an array", `{"kind":"500"}`, "want a JSON array"},
		{"trailing text", `[] []`, "want a JSON array"},
		{"unknown key", `[{"kind":"500"},{"kind":"500","tiems":1}]`, `fault 2: json: unknown field "tiems"`},
		{"unknown kind", `[{"kind":"explode"}]`, `fault 1: kind "explode": want a status code`},
		{"not an error status", `[{"kind":"204"}]`, `kind "204"`},
		{"bad expression", `[{"kind":"drop","match":{"path":"("}}]`, "fault 1: path: "},
		{"lower-case method", `[{"kind":"drop","match":{"method":"get"}}]`, "upper case"},
		{"probability", `[{"kind":"drop","probability":1.5}]`, "want 0 to 1"},
		{"slow without delay", `[{"kind":"slow"}]`, "delay"},
		{"delay without unit", `[{"kind":"slow","delay":"5"}]`, "250ms"},
		{"delay as number", `[{"kind":"slow","delay":5}]`, "want a string"},
		{"retry after", `[{"kind":"503","retry_after":"soon"}]`, "seconds or an HTTP date"},
		{"retry after of a drop", `[{"kind":"drop","retry_after":"1"}]`, "belongs to a status code"},
		{"negative", `[{"kind":"drop","times":-1}]`, "negative"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := sandbox.ReadFaults(strings.NewReader(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got error %v, want one with %q", err, tc.want)
			}
		})
	}
}
