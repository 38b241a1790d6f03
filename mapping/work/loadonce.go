package work

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/millrace/millrace/mapping/internal/formula"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// maxTasks bounds the tasks of a template.
const maxTasks = 50

// taskKeys are what a task of a template may say for itself.
var taskKeys = []string{"title", "section", "assignee", "due", "notes"}

// span is a number of days, as `within` has it.
var span = regexp.MustCompile(`^([1-9][0-9]{0,3})d$`)

// once reads what makes items once. Without a bound, the first run over an old CRM would start something for everything that
// ever happened in it, so the bound is no option.
func (l *loader) once(r *rule, n *tree.Node) {
	if once := n.Get("once"); given(once) {
		r.once = once.Bool(&l.report, "once")
	}
	since, within := n.Get("since"), n.Get("within")
	if v := n.Get("tasks"); given(v) && !r.once {
		l.report.Addf(v.Pos, "tasks of the rule %s needs once: true", r.name)
	}
	switch {
	case given(since) && given(within):
	case r.once:
		l.report.Addf(n.Pos, "the rule %s makes its items once, so it has to say since when they are due and for how long: since: deal.won_at, within: 14d", r.name)
		return
	default:
		for _, key := range []string{"since", "after", "within"} {
			if v := n.Get(key); given(v) {
				l.report.Addf(v.Pos, "%s of the rule %s needs the others: since when its items are due and for how long, since: deal.won_at, within: 14d", key, r.name)
			}
		}
		return
	}
	days := span.FindStringSubmatch(within.Text)
	if days == nil {
		l.report.Addf(within.Pos, "within of the rule %s must be a number of days, 14d", r.name)
		return
	}
	count, _ := strconv.Atoi(days[1])
	r.within = time.Duration(count) * 24 * time.Hour
	l.after(r, n.Get("after"))
	if v := n.Get("complete"); given(v) && r.once {
		l.report.Addf(v.Pos, "what the rule %s makes once is completed by people", r.name)
	}
}

// wait is how long a rule lets pass, in hours or days.
var wait = regexp.MustCompile(`^([1-9][0-9]{0,3})([hd])$`)

func (l *loader) after(r *rule, n *tree.Node) {
	if !given(n) {
		return
	}
	m := wait.FindStringSubmatch(n.Text)
	if m == nil {
		l.report.Addf(n.Pos, "after of the rule %s must be a number of hours or days, 24h or 2d", r.name)
		return
	}
	count, _ := strconv.Atoi(m[1])
	if r.after = time.Duration(count) * time.Hour; m[2] == "d" {
		r.after *= 24
	}
	if r.after >= r.within {
		l.report.Addf(n.Pos, "the rule %s makes nothing: after is not before the end of within", r.name)
	}
}

// tasks makes a rule of each task of a template: what the task does not say is the rule's. Without a template it is the rule.
func (l *loader) tasks(r *rule, n *tree.Node) []*rule {
	if !given(n) {
		return []*rule{r}
	}
	if !n.IsMap(&l.report, "tasks of the rule "+r.name) {
		return nil
	}
	if len(n.Entries) > maxTasks {
		l.report.Addf(n.Pos, "a rule has at most %d tasks", maxTasks)
	}
	var list []*rule
	for _, e := range n.Entries {
		if e.Value.Kind != tree.Null { // an overlay's way to remove a task
			list = append(list, l.task(r, e))
		}
	}
	return list
}

func (l *loader) task(r *rule, e tree.Entry) *rule {
	one := *r
	one.template, one.name, one.parts = r.name, r.name+"."+e.Key, maps.Clone(r.parts)
	if !ruleName.MatchString(e.Key) {
		l.report.Addf(e.Pos, "a task's name has lower-case letters, digits and hyphens, at most 40; it stays in the project tool for ever")
	}
	if !e.Value.IsMap(&l.report, "the task "+e.Key) {
		return &one
	}
	e.Value.Only(&l.report, "a task", taskKeys...)
	for _, part := range e.Value.Entries {
		if slices.Contains(taskKeys, part.Key) && part.Value.Kind != tree.Null {
			one.parts[part.Key] = l.formula(&one, part.Key, part.Value, formula.Text)
		}
	}
	if one.parts["title"] == nil && !given(e.Value.Get("title")) {
		l.report.Addf(e.Pos, "the task %s of the rule %s has no title", e.Key, r.name)
	}
	one.first, one.begin, one.rest = nil, nil, nil
	one.firstOwn, one.beginOwn, one.restOwn = own{}, own{}, own{}
	one.reads()
	return &one
}

func keysOf(n *tree.Node) []string {
	var list []string
	for _, e := range n.Entries {
		list = append(list, e.Key)
	}
	return list
}
