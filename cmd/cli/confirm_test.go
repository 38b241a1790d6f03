package cli

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
)

// A change is shown before it is asked about, and made only after a yes.
func TestChangeIsShownThenAsked(t *testing.T) {
	for _, c := range []struct {
		answer string
		asks   bool
		change change
		want   []string // how it was run
		err    error
	}{
		{"y\n", true, change{}, []string{"split a b --dry-run", "split a b --yes"}, nil},
		{"YES\n", true, change{}, []string{"split a b --dry-run", "split a b --yes"}, nil},
		{"\n", true, change{}, []string{"split a b --dry-run"}, errNotWanted},
		{"", true, change{}, []string{"split a b --dry-run"}, errNotWanted},
		{"", true, change{yes: true}, []string{"split a b"}, nil},
		{"", true, change{dryRun: true}, []string{"split a b"}, nil},
		{"", false, change{}, []string{"split a b"}, nil},
	} {
		var out bytes.Buffer
		a := &app{in: strings.NewReader(c.answer), errOut: &screen{w: &out}, args: []string{"split", "a", "b"}, asks: c.asks}
		var got []string
		given := c.change
		err := a.confirmed(&c.change, "Take them apart?", func() error {
			got = append(got, strings.Join(a.args, " "))
			if last := a.args[len(a.args)-1]; last == "--dry-run" && !c.change.dryRun || last == "--yes" && (c.change.dryRun || !c.change.yes) {
				t.Errorf("%q: run as %+v", last, c.change)
			}
			return nil
		})
		if !errors.Is(err, c.err) || !slices.Equal(got, c.want) {
			t.Errorf("%q %+v: got %q, %v, want %q, %v", c.answer, given, got, err, c.want, c.err)
		}
	}
}

func TestWithFlagKeepsWordsAfterTheDashes(t *testing.T) {
	if got, want := withFlag([]string{"a", "--", "-b"}, "--yes"), []string{"a", "--yes", "--", "-b"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
