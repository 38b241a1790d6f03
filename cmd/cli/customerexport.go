package cli

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/spf13/cobra"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/envelope"
	"github.com/millrace/millrace/mapping/work"
	"github.com/millrace/millrace/router/ledger"
)

func (a *app) customerExportCmd() *cobra.Command {
	var format, out string
	var raw bool
	cmd := &cobra.Command{
		Use:   "export CUSTOMER",
		Short: "Write everything that is known of a customer: JSON, JSContact or vCard",
		Long: `json is everything the hub has: the golden record with the source of each value, every record as it was understood
and, with --raw, as its vendor sent it, deals, tickets and activities, the change log and decisions. It answers a
request for access or portability (GDPR, articles 15 and 20). jscontact (RFC 9982) and vcard (RFC 6350) are cards
for address books: people and organizations only.

` + customerLong,
		Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := checkFormat(format, raw); err != nil {
				return err
			}
			return a.toFile(out, func() error {
				if write := cards[format]; write != nil {
					return a.exportCard(cmd.Context(), args[0], write)
				}
				return a.export(cmd.Context(), args[0], raw)
			})
		}}
	cmd.Flags().StringVar(&format, "format", "json", "json, jscontact or vcard")
	cmd.Flags().StringVar(&out, "out", "", "write to this new file, which only its owner may read")
	cmd.Flags().BoolVar(&raw, "raw", false, "with what the vendors sent, verbatim")
	return cmd
}

// exportSchema names the form of an export; members may be added to it.
const exportSchema = "millrace.export/1"

// exportReport is what `customer export` writes.
type exportReport struct {
	Schema   string                    `json:"schema"`
	Exported time.Time                 `json:"exported_at"`
	Customer customerReport            `json:"customer"`
	Entity   *envelope.Entity          `json:"entity,omitempty"` // the golden record as others get it; absent when deleted
	Records  []exportedRecord          `json:"records"`
	Related  map[string][]exportedThis `json:"related,omitempty"` // by kind
	History  []changeReport            `json:"history,omitempty"`
	Stays    []stayReport              `json:"stays,omitempty"`
	Why      whyReport                 `json:"why"`
}

// exportedRecord is one source record.
type exportedRecord struct {
	memberReport
	Same   []string                   `json:"same,omitempty"` // records that it says are the same
	Fields map[string]json.RawMessage `json:"fields,omitempty"`
	Raw    json.RawMessage            `json:"raw,omitempty"`
}

// exportedThis is an entity that refers to the customer.
type exportedThis struct {
	ID     string                     `json:"id"`
	Refs   []string                   `json:"refs"`
	Fields map[string]json.RawMessage `json:"fields"`
}

func (a *app) export(ctx context.Context, term string, raw bool) error {
	var rep exportReport
	err := a.readCustomer(ctx, term, func(h *hub, s *ledger.Snap, id string) (err error) {
		rep, err = exportOf(h, s, id, raw)
		return err
	})
	switch {
	case err != nil:
		return err
	case rep.Schema == "": // the daemon has written it
		return nil
	}
	rep.Exported = time.Now().UTC()
	enc := json.NewEncoder(a.out)
	enc.SetEscapeHTML(false)
	if !a.json {
		enc.SetIndent("", "  ")
	}
	return enc.Encode(rep)
}

func exportOf(h *hub, s *ledger.Snap, id string, raw bool) (exportReport, error) {
	rep := exportReport{Schema: exportSchema, Records: []exportedRecord{}, Related: map[string][]exportedThis{}}
	var err error
	if rep.Customer, err = reportCustomer(h, s, id); err != nil {
		return rep, err
	}
	if rep.Why, err = whyOne(s, id); err != nil {
		return rep, err
	}
	if rep.History, err = changesOf(s, id, historyOptions{}); err != nil {
		return rep, err
	}
	if rep.Stays, err = staysOf(s, id, historyOptions{}); err != nil {
		return rep, err
	}
	e, err := s.Entity(id)
	if err != nil {
		return rep, err
	}
	for _, m := range rep.Customer.Members {
		r := exportedRecord{memberReport: m}
		if err := r.fill(s, e, raw); err != nil {
			return rep, err
		}
		rep.Records = append(rep.Records, r)
	}
	if e == nil {
		return rep, nil
	}
	if err := rep.document(h, s, e.ID); err != nil {
		return rep, err
	}
	return rep, rep.related(s, e)
}

// document adds the golden record in the form that others get it in.
func (rep *exportReport) document(h *hub, s *ledger.Snap, id string) error {
	doc, err := s.Document(id, func(connection string) string {
		c, _ := h.cfg.Connection(connection)
		return c.Connector.Spec.Name
	})
	rep.Entity = &doc
	return err
}

// fill adds what the record says.
func (r *exportedRecord) fill(s *ledger.Snap, e *work.Entity, raw bool) error {
	if e != nil {
		for i := range e.Golden.Sources {
			if src := &e.Golden.Sources[i]; src.Live && src.Ref == r.Ref {
				r.Fields, r.Same = claims(src.Profile.Fields), src.Profile.Same
			}
		}
	}
	if !raw {
		return nil
	}
	data, err := rawOf(s, r.Ref)
	r.Raw = data
	return err
}

func (rep *exportReport) related(s *ledger.Snap, e *work.Entity) error {
	for _, k := range canonical.Kinds() {
		list, err := relatedTo(s, e, k)
		if err != nil {
			return err
		}
		for _, other := range list {
			rep.Related[string(k)] = append(rep.Related[string(k)], exportedThis{ID: other.ID, Refs: other.Refs, Fields: claims(other.Golden.Fields)})
		}
	}
	return nil
}

func claims(fields []canonical.Field) map[string]json.RawMessage {
	m := make(map[string]json.RawMessage, len(fields))
	for _, f := range fields {
		m[f.Name] = f.Value
	}
	return m
}

// rawOf returns what the vendor sent of a record, nil when it is not known any more.
func rawOf(s *ledger.Snap, ref string) (json.RawMessage, error) {
	r, err := connectors.ParseRef(ref)
	if err != nil {
		return nil, err
	}
	data, err := s.Raw(r)
	if errors.Is(err, ledger.ErrNotFound) {
		return nil, nil
	}
	return data, err
}
