package hubspot

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/millrace/millrace/connectors"
)

const (
	propertyChange = "propertyChange"
	// ofProperty stands between propertyChange and the name of the property in what a subscription is called here.
	ofProperty = ":"
	// mostSubscriptions is how many an app may have.
	mostSubscriptions = 1000
)

// told is what webhooks have to tell of an object, propertyChange aside. A change of an association is told for both ends;
// companies list none, so those of the other end are enough.
func (o object) told() []string {
	list := []string{"creation", "deletion", "merge", "restore"}
	if o.name == "contacts" {
		list = append(list, "privacyDeletion")
	}
	if len(o.to) > 0 {
		list = append(list, "associationChange")
	}
	return list
}

// asksFor reports whether connections ask for a type of event, with other streams if not with these. Others in the app
// (products, conversations) are somebody else's.
func asksFor(event string) bool {
	about, what, _ := strings.Cut(event, ".")
	return slices.ContainsFunc(objects, func(o object) bool {
		return o.singular == about && (what == propertyChange || what == "associationChange" || slices.Contains(o.told(), what))
	})
}

// unchanging are properties that no subscription is wanted of: HubSpot takes none for the first two, and the others say
// nothing that another event does not say. The time of modification would have told of every change.
var unchanging = []string{"hs_lastmodifieddate", "num_unique_conversion_events", "lastmodifieddate", "createdate", "hs_object_id", "hs_merged_object_ids"}

// wantedEvents returns what the app has to tell of for what is read, ordered. There is no event for "any property", so each
// property has a subscription: those that webhook_properties names, or that the mapping reads, or all.
func (a *account) wantedEvents(ctx context.Context) ([]string, error) {
	var list []string
	for _, o := range a.hooks.objects {
		for _, what := range o.told() {
			list = append(list, o.singular+"."+what)
		}
		names, err := a.describe(ctx, o)
		if err != nil {
			return nil, err
		}
		for _, name := range a.telling(o, names) {
			list = append(list, o.singular+"."+propertyChange+ofProperty+name)
		}
	}
	if len(list) > mostSubscriptions {
		return nil, &connectors.Error{Kind: connectors.Rejected, Op: "plan webhooks", Reason: fmt.Sprintf(
			"%d subscriptions would be needed, one for each property, and an app may have %d: name the properties that matter in webhook_properties", len(list), mostSubscriptions)}
	}
	slices.Sort(list)
	return list, nil
}

// telling returns those of an object's properties whose change is to be told.
func (a *account) telling(o object, names []string) (list []string) {
	patterns := a.tell
	if patterns == nil && a.mapped != nil {
		patterns = a.mapped(o.name, "properties")
	}
	for _, name := range names {
		if !slices.Contains(unchanging, name) && (patterns == nil || slices.ContainsFunc(patterns, func(p string) bool { return fits(p, name) })) {
			list = append(list, name)
		}
	}
	return list
}

// fits reports whether a name is the one that a pattern says, or one of those it stands for with its star.
func fits(pattern, name string) bool {
	before, after, star := strings.Cut(pattern, "*")
	return pattern == name || star && len(name) > len(before)+len(after) && strings.HasPrefix(name, before) && strings.HasSuffix(name, after)
}
