package router

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/millrace/millrace/connectors"
)

// tool is a project tool that notices when a call for one item touches the object of another.
type tool struct {
	items map[connectors.Link]connectors.Item
	owner func(connectors.Link) string
	wrong string
	lose  bool
	said  map[connectors.Link][]string // keys of comments
	texts map[connectors.Link][]string // and what they say
}

func newTool() *tool {
	return &tool{items: map[connectors.Link]connectors.Item{}, said: map[connectors.Link][]string{}, texts: map[connectors.Link][]string{}}
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
	if w.Unsay {
		delete(b.said, link)
		delete(b.texts, link)
	}
	for _, c := range w.Comments {
		if !c.InDoubt || !slices.Contains(b.said[link], c.Key) {
			b.said[link], b.texts[link] = append(b.said[link], c.Key), append(b.texts[link], c.Text)
		}
	}
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
	if how.Unsay {
		delete(b.said, link)
		delete(b.texts, link)
	}
	b.items[link] = item
	if b.lose {
		return errLost
	}
	return nil
}

func (b *tool) URL(link connectors.Link) string { return string(link) }
