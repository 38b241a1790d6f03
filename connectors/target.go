package connectors

import (
	"context"
	"time"
)

// FieldKind is the type of a custom field of an item.
type FieldKind string

// The kinds of custom field a target must be able to show, in its own way.
const (
	TextField   FieldKind = "text"
	NumberField FieldKind = "number" // Value is a decimal in text form
	CountField  FieldKind = "count"  // Value is a whole number in text form; shown without decimals
	EnumField   FieldKind = "enum"   // Value is the option's label; a missing option is created
	DateField   FieldKind = "date"   // Value is an RFC 3339 full-date
)

// Field is one custom field of an item. An empty Value clears it.
type Field struct {
	Name  string    `json:"name"`
	Kind  FieldKind `json:"kind"`
	Value string    `json:"value"`
}

// Item is what a target should show: a task in a section of a project. It is a value: equal items show the same.
type Item struct {
	// Key identifies the item for ever: rule and entity, at most 200 bytes of ASCII. A target stores it with the
	// object (Asana: external id or the custom field "Hub ID") so that it can be found again after a crash.
	Key       string  `json:"key"`
	Project   string  `json:"project"` // by name; created when missing
	Section   string  `json:"section,omitempty"`
	Title     string  `json:"title"`
	Assignee  string  `json:"assignee,omitempty"` // e-mail address; unknown to the target means nobody, which is no error
	Due       string  `json:"due,omitempty"`      // RFC 3339 full-date
	Notes     string  `json:"notes,omitempty"`    // our block of the description; people's own text around it stays
	Fields    []Field `json:"fields,omitempty"`   // ordered by Name
	Completed bool    `json:"completed,omitempty"`
	// Sections lists all sections of the project in their order, when the rule knows it (the stages of a pipeline).
	Sections []string `json:"sections,omitempty"`
	// Once says that the object is left to people when it is made: what they do with it is not undone. A target that finds
	// the object of such an item by its key leaves it as it is, too.
	Once bool `json:"once,omitempty"`
}

// Link is a target's own name of the object that shows an item (an Asana task gid). Empty means none is known.
type Link string

// Want is one item to be shown, with what is known of the object that shows it.
type Want struct {
	Item Item
	Link Link
	// Last is what the link was last made to show, so that only differences are written and people's edits of
	// everything else stay; nil means unknown. When two customers became one, Last.Key is the key of the other one's item
	// ("" = the object gave its key up): the object must carry Item.Key afterwards and no other key of ours, also when
	// another object still carries Item.Key, which then loses it.
	Last *Item
	// InDoubt says that an earlier call may have created the object without our learning its link. The target must
	// look for Item.Key before it creates (invariant 4). Since is a lower bound of that call's time, on our clock.
	InDoubt bool
	Since   time.Time
	// Sought are the projects in which such a call may have made it; empty means Item.Project. With a Link they are
	// where a call without an answer may have left the object. Either way it is to be in Item.Project and in none of
	// the others afterwards.
	Sought []string
	// Comment is left on the object, when the target can, unless it is the last one there: customers may be merged, separated
	// and merged again, and then it is true again.
	Comment string
	// Comments, with a Link, are left on the object, each once and for ever. A target that cannot leave comments ignores them. A
	// Want without a difference between Item and Last may have some.
	Comments []Comment
	// Unsay, with a Link, takes back whatever Comments were ever left on the object, before new ones are: they may name somebody
	// who was erased. Comments of people stay.
	Unsay bool
}

// Comment is something to be told on an object once.
type Comment struct {
	// Key identifies the comment among all that are ever left on an object: ASCII without blanks, at most 100 bytes. The
	// comment has to carry it where the target finds it again, also after a person changed the text: as what it stores with a
	// comment, or in a line of its own.
	Key  string
	Text string // plain text of some lines, at most 8,000 bytes
	// InDoubt says that an earlier call may have left it without our learning of it: the target must look for Key on the object
	// before it leaves the comment (invariant 4). What the object says then stays, also when Text is another one.
	InDoubt bool
}

// Closing says what should happen to the object of an item that is no longer wanted.
type Closing struct {
	Delete  bool   // delete instead of completing
	Comment string // left on the object, when the target can
	// Forget takes the object's key away, because another object goes on under it; the object stays, with its link.
	Forget bool
	// Unsay takes back what Want.Comments left on the object.
	Unsay bool
}

// Target writes items. It may cache names and ids (sections, fields, users) as long as losing the cache changes
// nothing but the number of calls.
type Target interface {
	// Upsert makes the item exist once and show what it says. It may be repeated any number of times with the same
	// Want, also after an error or a lost answer. A NotFound error means that somebody deleted the object.
	Upsert(ctx context.Context, want Want) (Link, error)
	// Close completes or deletes the object behind link; one that is already gone is no error.
	Close(ctx context.Context, link Link, how Closing) error
}

// Locator is a Target that knows the page of an object.
type Locator interface {
	// URL returns the address of the page where people see the object behind link. It makes no request.
	URL(link Link) string
}

// Finder is a Target that can look for what an interrupted call left behind when the item is no longer wanted.
type Finder interface {
	// Find returns the link of the object that carries want.Item.Key, "" when there is none. Only Item.Key, Since and
	// Sought are set.
	Find(ctx context.Context, want Want) (Link, error)
}

// Rechecker is a Target at which a request that nobody waits for any more can still make a second object: a process was
// killed, or gave up waiting, and the vendor handles its request after others have looked for what it made.
type Rechecker interface {
	// Recheck looks for the objects that carry the keys of wants, some time after those were made in doubt, and returns for
	// each the link of the one that stays, as Upsert would choose it; the others no longer count. A Result without a link
	// says that there is none, or that the vendor never lets two objects carry one key. Only Item.Key, Since and Sought are
	// set.
	Recheck(ctx context.Context, wants []Want) []Result
}

// Result is the outcome of one item of a batch.
type Result struct {
	Link Link
	Err  error
}

// Batcher is a Target that can save round trips.
type Batcher interface {
	// UpsertBatch does what Upsert does for each want and returns one result for each, in their order. The items are
	// of different keys and independent: they may be written in any order and some may fail.
	UpsertBatch(ctx context.Context, wants []Want) []Result
	// MaxBatch is the most items one call takes. Every item counts as one action against the account's quota.
	MaxBatch() int
}

// Shown is an object found in a target that carries one of our keys.
type Shown struct {
	Key       string
	Link      Link
	Completed bool
}

// Lister finds what a target shows, to adopt it after a lost ledger and to verify.
type Lister interface {
	// List returns the page after the cursor of all objects in the named project that carry a key, changed since the
	// given time (zero = all). A project that does not exist is an empty list.
	List(ctx context.Context, project string, since time.Time, after Cursor) (shown []Shown, next Cursor, err error)
}

// ErasedTitle is the title of an object whose customer was erased.
const ErasedTitle = "Erased customer"

// Redactor is a Target that can take a customer out of an object that was made to show it.
type Redactor interface {
	// Redact leaves an object that names nobody: ErasedTitle for a title, no description, no due date, no values of
	// custom fields, none of our comments and no key of ours; then it completes it. What people wrote in the description
	// goes too, since nobody can tell whom it names. It may be repeated, also after an error or a lost answer; an object
	// that is gone is no error.
	Redact(ctx context.Context, link Link) error
}
