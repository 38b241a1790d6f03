package router

import (
	"context"

	"github.com/millrace/millrace/connectors"
	"github.com/millrace/millrace/router/ledger"
)

// redact takes somebody who was erased out of the object behind link. It may be repeated: a crash between the call and
// its settlement brings the work back.
func (d *deliverer) redact(ctx context.Context, link connectors.Link, k *ledger.Link) error {
	var err error
	switch {
	case d.target.Redactor != nil:
		err = d.target.Redactor.Redact(ctx, link)
	case k.Item != nil && k.Item.Project != "":
		err = d.overwrite(ctx, link, k)
	default: // nobody knows where it would have to be written again
		err = d.target.Target.Close(ctx, link, connectors.Closing{Delete: true})
	}
	if connectors.KindOf(err) == connectors.NotFound && err != nil {
		return nil
	}
	return err
}

// overwrite is what is left for a target that is no Redactor: an item that says nothing, and is closed. The ledger has
// kept its place and the names of its fields, which are emptied.
func (d *deliverer) overwrite(ctx context.Context, link connectors.Link, k *ledger.Link) error {
	item := *k.Item
	item.Title, item.Completed = connectors.ErasedTitle, true
	if key, known := k.Carried(); known && key != "" {
		item.Key = key
	} else {
		item.Key = k.Key
	}
	link, err := d.target.Target.Upsert(ctx, connectors.Want{Item: item, Link: link, Unsay: true})
	if err != nil {
		return err
	}
	return d.target.Target.Close(ctx, link, connectors.Closing{})
}
