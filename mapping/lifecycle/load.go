package lifecycle

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/millrace/millrace/mapping/canonical"
	"github.com/millrace/millrace/mapping/internal/tree"
)

// Categories is the key of the same file that package mapping/work reads.
const Categories = "categories"

// The bounds of a file.
const (
	maxStages = 50
	maxWords  = 1000
)

// stageName keeps stages usable as tokens in rules and reports.
var stageName = regexp.MustCompile(`^[a-z0-9][a-z0-9_]{0,39}$`)

// Load reads the file of a team's own decisions; an empty one gives the built-in settings. notes are sentences about what
// was guessed, with their place. The error lists every problem with file, line and column.
func Load(name string, data []byte) (s *Settings, notes []string, err error) {
	n, err := tree.Parse(name, data)
	if err != nil {
		return nil, nil, fmt.Errorf("load lifecycle: %w", err)
	}
	l := loader{s: &Settings{Own: map[string]int{}, Words: map[string]map[string]string{}, Statuses: map[string]map[string]string{},
		StageKinds: map[string]map[string]string{}}}
	if n.Kind != tree.Null && n.IsMap(&l.report, "a lifecycle file") {
		l.file(n)
	}
	if err := l.report.Err(); err != nil {
		return nil, nil, fmt.Errorf("load lifecycle: %w", err)
	}
	l.s.named = l.named
	sum := sha256.Sum256(data)
	l.s.version = hex.EncodeToString(sum[:])[:16]
	return l.s, l.notes, nil
}

type loader struct {
	s      *Settings
	report tree.Report
	notes  []string
	named  []named
}

// named is a connection that the file names, and where.
type named struct {
	tree.Pos
	connection string
}

// Check reports the connections that the file names and that are not among the known ones, with their places.
func (s *Settings) Check(known []string) error {
	var report tree.Report
	for _, n := range s.named {
		report.Known(n.Pos, "a connection", n.connection, known)
	}
	if err := report.Err(); err != nil {
		return fmt.Errorf("load lifecycle: %w", err)
	}
	return nil
}

func (l *loader) name(at tree.Pos, connection string) {
	if connection != AnyConnection {
		l.named = append(l.named, named{at, connection})
	}
}

func (l *loader) file(n *tree.Node) {
	n.Only(&l.report, "a lifecycle file", "version", "ladder", "words", "statuses", "options", "score", "active", "churn",
		"requesters_are_customers", "outreach", "inbound", "zone", "stages", Categories)
	if v := n.Get("version"); v != nil && v.Text != "1" {
		l.report.Addf(v.Pos, "the version of the lifecycle format must be 1")
	}
	l.ladder(n.Get("ladder"))
	l.words(n.Get("words"), "words", l.s.Words)
	l.words(n.Get("statuses"), "statuses", l.s.Statuses)
	l.options(n.Get("options"))
	l.numbers(n)
	if r := n.Get("requesters_are_customers"); r != nil {
		for _, item := range r.Texts(&l.report, "requesters_are_customers") {
			l.name(item.Pos, item.Text)
			l.s.Requesters = append(l.s.Requesters, item.Text)
		}
	}
	for key, to := range map[string]*bool{"outreach": &l.s.Outreach, "inbound": &l.s.Inbound} {
		if v := n.Get(key); v != nil {
			*to = v.Bool(&l.report, key)
		}
	}
	l.kinds(n.Get("stages"))
}

func (l *loader) ladder(n *tree.Node) {
	if n == nil || !n.IsMap(&l.report, "ladder") {
		return
	}
	for _, e := range n.Entries {
		rank, err := strconv.Atoi(e.Value.Text)
		switch _, built := ranks[e.Key]; {
		case built || sides[e.Key]:
			l.report.Addf(e.Pos, "%s is on the ladder already, and its rank is fixed", e.Key)
		case !stageName.MatchString(e.Key):
			l.report.Addf(e.Pos, "a stage's name has lower-case letters, digits and underscores, at most 40")
		case err != nil || rank < 0 || rank > MaxRank:
			l.report.Addf(e.Value.Pos, "the rank of %s must be a whole number from 0 to %d", e.Key, MaxRank)
		case len(l.s.Own) == maxStages:
			l.report.Addf(e.Pos, "there are more than %d stages", maxStages)
			return
		default:
			l.s.Own[e.Key] = rank
		}
	}
}

// words reads connection → word → stage.
func (l *loader) words(n *tree.Node, what string, to map[string]map[string]string) {
	if n == nil || !n.IsMap(&l.report, what) {
		return
	}
	names := l.s.names()
	for _, c := range n.Entries {
		l.name(c.Pos, c.Key)
		if !c.Value.IsMap(&l.report, what+" of "+c.Key) {
			continue
		}
		if len(c.Value.Entries) > maxWords {
			l.report.Addf(c.Pos, "there are more than %d words", maxWords)
			return
		}
		table := map[string]string{}
		for _, e := range c.Value.Entries {
			if fold(e.Key) == "" {
				l.report.Addf(e.Pos, "the word %q has no letter and no digit", e.Key)
			} else if e.Value.IsText(&l.report, "a stage") && l.report.Known(e.Value.Pos, "a stage", e.Value.Text, names) {
				table[fold(e.Key)] = e.Value.Text
			}
		}
		to[c.Key] = table
	}
}

// options places the options that a portal added between those that are known, and notes what it guessed.
func (l *loader) options(n *tree.Node) {
	if n == nil || !n.IsMap(&l.report, "options") {
		return
	}
	for _, c := range n.Entries {
		l.name(c.Pos, c.Key)
		if !c.Value.IsList(&l.report, "options of "+c.Key) {
			continue
		}
		var list []string
		for _, item := range c.Value.Texts(&l.report, "options of "+c.Key) {
			list = append(list, item.Text)
		}
		placed := l.s.Between(c.Key, list)
		for _, word := range slices.Sorted(maps.Keys(placed)) {
			stage := strings.ToLower(word)
			if _, taken := l.s.Own[stage]; taken {
				stage = fold(c.Key) + "_" + stage
			}
			l.s.Own[stage] = placed[word]
			if l.s.Words[c.Key] == nil {
				l.s.Words[c.Key] = map[string]string{}
			}
			l.s.Words[c.Key][word] = stage
			l.notes = append(l.notes, fmt.Sprintf("%s:%d: the stage %s of %s is placed at rank %d by its neighbours; say what it means under words, or give it a rank under ladder",
				c.File, c.Line, word, c.Key, placed[word]))
		}
	}
}

func (l *loader) numbers(n *tree.Node) {
	if v := n.Get("score"); v != nil {
		score, err := strconv.ParseFloat(v.Text, 64)
		if err != nil || score <= 0 || score > 1e9 {
			l.report.Addf(v.Pos, "score must be a number above 0")
		}
		l.s.Score = score
	}
	for key, to := range map[string]*time.Duration{"active": &l.s.Active, "churn": &l.s.Churn} {
		v := n.Get(key)
		if v == nil {
			continue
		}
		days, found := strings.CutSuffix(v.Text, "d")
		count, err := strconv.Atoi(days)
		if !found || err != nil || count < 1 || count > 36500 {
			l.report.Addf(v.Pos, "%s must be a number of days such as 365d", key)
			continue
		}
		*to = time.Duration(count) * 24 * time.Hour
	}
	if v := n.Get("zone"); v != nil {
		zone, err := time.LoadLocation(v.Text)
		if err != nil || v.Text == "" || v.Text == "Local" {
			l.report.Addf(v.Pos, "%q is not a time zone such as Europe/Zagreb", v.Text)
		}
		l.s.Zone = zone
	}
}

// kinds reads connection → id of a pipeline's stage → kind.
func (l *loader) kinds(n *tree.Node) {
	if n == nil || !n.IsMap(&l.report, "stages") {
		return
	}
	for _, c := range n.Entries {
		l.name(c.Pos, c.Key)
		if !c.Value.IsMap(&l.report, "stages of "+c.Key) {
			continue
		}
		l.s.StageKinds[c.Key] = map[string]string{}
		for _, e := range c.Value.Entries {
			if e.Value.IsText(&l.report, "a kind of stage") && l.report.Known(e.Value.Pos, "a kind of stage", e.Value.Text, canonical.StageKinds()) {
				l.s.StageKinds[c.Key][e.Key] = e.Value.Text
			}
		}
	}
}
