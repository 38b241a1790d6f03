package router

import (
	"context"
	"errors"
	"fmt"

	"github.com/millrace/millrace/connectors"
)

// tool is a project tool that notices when a call for one item touches the object of another.
type tool struct {
	items map[connectors.Link]connectors.Item
	owner func(connectors.Link) string
	wrong string
	lose  bool
}

var errLost = errors.New("connection reset")

func (b *tool) touch(link connectors.Link, key string) {
	if owner := b.owner(link); key != "" && owner != "" && owner != key {
		b.wrong = fmt.Sprintf("a call for %s touches %s, which is of %s", key, link, owner)
	}
}

func (b *tool) Upsert(_ context.Context, w connectors.Want) (connectors.Link, error) {
	link := w.Link
	if link == "" && w.InDoubt {
		link, _ = b.Find(context.Background(), w)
	}
	if link == "" {
		link = connectors.Link(fmt.Sprintf("t%d", len(b.items)+1))
	} else {
		b.touch(link, w.Item.Key)
	}
	b.items[link] = w.Item
	if b.lose {
		return "", errLost
	}
	return link, nil
}

func (b *tool) Find(_ context.Context, w connectors.Want) (connectors.Link, error) {
	for link, item := range b.items {
		if item.Key == w.Item.Key {
			return link, nil
		}
	}
	return "", nil
}

func (b *tool) Close(_ context.Context, link connectors.Link, how connectors.Closing) error {
	item := b.items[link]
	if item.Completed = true; how.Forget {
		item.Key = ""
	}
	b.items[link] = item
	if b.lose {
		return errLost
	}
	return nil
}

func (b *tool) URL(link connectors.Link) string { return string(link) }
