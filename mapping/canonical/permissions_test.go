package canonical_test

import (
	"testing"

	"github.com/tidwall/gjson"

	"github.com/millrace/millrace/mapping/canonical"
)

// A consent about every topic is not said by one about a single topic, wherever it stands in the list.
func TestConsentAboutEverythingStands(t *testing.T) {
	for list, want := range map[string]string{
		`[{"channel":"email","topic":"News","status":"opted_out"},{"channel":"email","status":"opted_out"}]`:  "",
		`[{"channel":"email","status":"opted_out"},{"channel":"email","topic":"News","status":"opted_out"}]`:  "",
		`[{"channel":"email","status":"opted_out","source":"form"},{"channel":"email","status":"opted_out"}]`: `[{"channel":"email","status":"opted_out","source":"form"}]`,
	} {
		got, err := canonical.AppendParts(nil, canonical.Permissions, gjson.Parse(list), canonical.Options{})
		if want == "" {
			want = list
		}
		if err != nil || string(got) != want {
			t.Errorf("%s becomes %s (%v); want %s", list, got, err, want)
		}
	}
}
