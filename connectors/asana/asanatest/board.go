package asanatest

import (
	_ "embed"
	"html/template"
	"net/http"
)

// boardCards is how many cards a column shows; a person reads a few, a browser suffers from a hundred thousand.
const boardCards = 100

//go:embed board.html
var boardText string

var boardPage = template.Must(template.New("board").Parse(boardText))

type boardView struct {
	Workspace string
	Title     string
	Projects  []boardLink // on the list of boards only
	Columns   []boardColumn
	Tasks     int
	Done      int
}

type boardLink struct {
	GID, Name, Team string
	Sections, Tasks int
	Done, Percent   int
}

type boardColumn struct {
	Name  string
	Count int
	Cards []boardCard
	More  int
}

type boardCard struct {
	Name, Notes, Assignee, Initials, Due string
	Done, Late                           bool
	Fields                               []boardField
	Tags                                 []string
	Comments, Subtasks                   int
}

type boardField struct{ Name, Value string }

// serveBoards lists the projects.
func (s *Server) serveBoards(w http.ResponseWriter, _ *http.Request) {
	s.mu.RLock()
	v := boardView{Workspace: s.st.workspace.name, Title: "Projects"}
	for _, p := range s.st.projectList {
		v.Projects = append(v.Projects, s.st.boardLink(p))
	}
	s.mu.RUnlock()
	writeBoard(w, v)
}

// serveBoard shows one project: a column for each section, a card for each task.
func (s *Server) serveBoard(w http.ResponseWriter, r *http.Request) {
	g, _ := parseGID(r.PathValue("project"))
	s.mu.RLock()
	p := s.st.projects[g]
	if p == nil {
		s.mu.RUnlock()
		http.Error(w, "There is no such project. All of them are at /board.", http.StatusNotFound)
		return
	}
	v := boardView{Workspace: s.st.workspace.name, Title: p.name}
	for _, x := range p.sections {
		column, done := s.st.boardColumn(x)
		v.Columns = append(v.Columns, column)
		v.Tasks += column.Count
		v.Done += done
	}
	s.mu.RUnlock()
	writeBoard(w, v)
}

func writeBoard(w http.ResponseWriter, v boardView) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	boardPage.Execute(w, v) // an error here is the client's connection, which has nobody left to tell
}

func (st *state) boardLink(p *project) boardLink {
	out := boardLink{GID: p.id.String(), Name: p.name, Sections: len(p.sections)}
	if t := st.teams[p.team]; t != nil {
		out.Team = t.name
	}
	for _, s := range p.sections {
		for m := s.head; m != nil; m = m.after() {
			out.Tasks++
			if m.task.completed {
				out.Done++
			}
		}
	}
	if out.Tasks > 0 {
		out.Percent = out.Done * 100 / out.Tasks
	}
	return out
}

func (st *state) boardColumn(s *section) (boardColumn, int) {
	out, done := boardColumn{Name: s.name, Count: s.count}, 0
	for m := s.head; m != nil; m = m.after() {
		if m.task.completed {
			done++
		}
		if len(out.Cards) < boardCards {
			out.Cards = append(out.Cards, st.boardCard(m.task))
		}
	}
	out.More = s.count - len(out.Cards)
	return out, done
}

func (st *state) boardCard(t *task) boardCard {
	today := st.stamp().String()[:len("2006-01-02")]
	out := boardCard{Name: t.name, Notes: cut(t.notes, 160), Due: t.dueOn, Done: t.completed,
		Late: !t.completed && t.dueOn != "" && t.dueOn < today, Subtasks: len(t.subtasks)}
	if u := st.users[t.assignee]; u != nil {
		out.Assignee, out.Initials = u.name, initials(u.name)
	}
	for _, v := range t.shown() {
		if text := st.display(v); text != "" {
			out.Fields = append(out.Fields, boardField{v.field.name, text})
		}
	}
	for _, g := range liveTags(t) {
		out.Tags = append(out.Tags, g.name)
	}
	for _, x := range t.stories {
		if x.comment() {
			out.Comments++
		}
	}
	return out
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	r := []rune(s)
	if len(r) <= n {
		return s
	}
	return string(r[:n]) + "…"
}

// initials are the first letters of a name's first two words.
func initials(name string) string {
	out, start := []rune{}, true
	for _, c := range name {
		if start && c != ' ' && len(out) < 2 {
			out = append(out, c)
		}
		start = c == ' '
	}
	return string(out)
}
