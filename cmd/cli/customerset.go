package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/identity"
	"github.com/millrace/millrace/mapping/lifecycle"
	"github.com/millrace/millrace/router/ledger"
)

func (a *app) customerSetCmd() *cobra.Command {
	var c change
	var empty, clear bool
	cmd := &cobra.Command{
		Use:   "set CUSTOMER FIELD [VALUE]",
		Short: "Correct a value by hand; it wins over what vendors say until it is cleared",
		Long: `Gives a field a value that wins over what every vendor says. --empty makes it empty, --clear takes the correction
back. A value of a list or an object is JSON: '[{"address":"ana@acme.example","type":"work"}]'.

` + customerLong,
		Args: from(2, 3),
		RunE: func(cmd *cobra.Command, args []string) error {
			value, err := wantedValue(args[2:], empty, clear)
			if err != nil {
				return err
			}
			return a.withHub(cmd.Context(), hubOptions{noTargets: true, offline: true}, func(ctx context.Context, h *hub) error {
				return a.customerSet(ctx, h, args[0], args[1], value, &c)
			})
		}}
	cmd.Flags().BoolVar(&empty, "empty", false, "the field is empty, whatever vendors say")
	cmd.Flags().BoolVar(&clear, "clear", false, "take the correction back")
	cmd.Flags().StringVar(&c.why, "why", "", "reason, kept with the correction")
	cmd.Flags().StringVar(&c.by, "by", "", "who corrects (default user@host)")
	return cmd
}

// wantedValue returns what a command line says: null clears, an empty text is empty.
func wantedValue(args []string, empty, clear bool) (json.RawMessage, error) {
	n := len(args)
	for _, set := range []bool{empty, clear} {
		if set {
			n++
		}
	}
	switch {
	case n != 1:
		return nil, withCode(exitConfig, errors.New("give one of a value, --empty and --clear"))
	case clear:
		return json.RawMessage("null"), nil
	case empty:
		return json.RawMessage(`""`), nil
	case len(args[0]) > 0 && (args[0][0] == '[' || args[0][0] == '{'):
		if !json.Valid([]byte(args[0])) {
			return nil, withCode(exitConfig, errors.New("the value begins like JSON and is none"))
		}
		return json.RawMessage(args[0]), nil
	}
	return json.Marshal(args[0])
}

func (a *app) customerSet(ctx context.Context, h *hub, term, field string, value json.RawMessage, c *change) error {
	var id string
	err := a.oneCustomer(ctx, h, term, func(_ *ledger.Snap, found string) error {
		id = found
		_, err := canonical.Lookup(canonical.KindOfID(id), field)
		if err != nil {
			return noField(canonical.KindOfID(id), field)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := knownStage(h.rules.Lifecycle(), field, value); err != nil {
		return err
	}
	if _, err := h.ledger.Override(ctx, id, map[string]json.RawMessage{field: value}, a.actor(c), c.why); err != nil {
		return err
	}
	h.router.Rescan()
	return a.reportSet(ctx, h, id, field)
}

// knownStage refuses a lifecycle stage that nobody could stand on: it would be shown as a value and change nothing.
func knownStage(life *lifecycle.Settings, field string, value json.RawMessage) error {
	var stage string
	if field != "lifecycle.stage" || json.Unmarshal(value, &stage) != nil || stage == "" {
		return nil
	}
	beside := []string{lifecycle.Disqualified, lifecycle.Former, lifecycle.Partner, lifecycle.Other}
	stage = canonical.CleanToken(stage)
	if _, ok := life.Rank(stage); ok || slices.Contains(beside, stage) {
		return nil
	}
	var names []string
	for _, rung := range life.Ladder() {
		names = append(names, rung.Stage)
	}
	return withCode(exitConfig, fmt.Errorf("there is no stage %q; there are %s", stage, strings.Join(append(names, beside...), ", ")))
}

// reportSet shows what the field is now.
func (a *app) reportSet(ctx context.Context, h *hub, id, field string) error {
	rep := identity.Why{Field: field, Value: json.RawMessage("null"), Reason: "no record says anything"}
	err := a.oneCustomer(ctx, h, id, func(s *ledger.Snap, id string) error {
		e, err := s.Entity(id)
		if err == nil && e != nil {
			rep = e.Golden.Why(field)
		}
		return err
	})
	if err != nil {
		return err
	}
	if a.json {
		writeJSON(a.out, rep)
		return nil
	}
	a.printOrigin(rep)
	a.hintDelivery(h)
	return nil
}

// hintDelivery says when the project tool shows a change.
func (a *app) hintDelivery(h *hub) {
	if !h.daemon && len(h.cfg.Targets) > 0 {
		fmt.Fprintln(a.out, "The project tool shows it after the next `millrace backfill`, or with a running daemon.")
	}
}
