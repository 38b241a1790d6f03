package asanatest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
)

// viewer is who asks: a user, and the OAuth app that asks for him ("" for a personal access token).
type viewer struct {
	user  gid
	app   string
	token string // the limiter's key, never shown
}

// call is one request of the API, on its own or as an action of a batch.
type call struct {
	*renderer
	srv   *Server
	path  string
	query url.Values
	part  func(string) string // a wildcard of the route
	in    *input
	want  selection
}

// reply is what a route answers.
type reply struct {
	status int
	data   any
	extra  map[string]any // beside data
	page   *nextPage
	paged  bool // next_page is written, null on the last page
}

type nextPage struct {
	Offset string `json:"offset"`
	Path   string `json:"path"`
	URI    string `json:"uri"`
}

func found(data any) (reply, error)   { return reply{status: http.StatusOK, data: data}, nil }
func created(data any) (reply, error) { return reply{status: http.StatusCreated, data: data}, nil }
func emptied() (reply, error)         { return found(map[string]any{}) }

// body is the JSON envelope of a reply.
func (p reply) body() map[string]any {
	out := map[string]any{"data": p.data}
	for k, v := range p.extra {
		out[k] = v
	}
	if p.paged {
		out["next_page"] = nil
		if p.page != nil {
			out["next_page"] = p.page
		}
	}
	return out
}

// envelope is the body of a writing request. https://developers.asana.com/docs/inputoutput-options
type envelope struct {
	Data    map[string]json.RawMessage `json:"data"`
	Options struct {
		Fields []string `json:"fields"`
		Pretty bool     `json:"pretty"`
	} `json:"options"`
}

// readEnvelope reads a body; nothing at all is allowed where nothing needs to be said.
func readEnvelope(body []byte) (envelope, error) {
	var e envelope
	if len(strings.TrimSpace(string(body))) == 0 {
		return e, nil
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, invalid("Could not parse request data, invalid JSON")
	}
	return e, nil
}

// selectionOf joins opt_fields of the query and options.fields of the body.
func selectionOf(q url.Values, e envelope) selection {
	return parseSelection(strings.Join(append(q["opt_fields"], e.Options.Fields...), ","))
}

// The finders of path objects answer 404 for what is unknown and 400 for what is no identifier.

func (c *call) task(name string) (*task, error) { return c.findTask("task", c.part(name)) }

// findTask reads a gid or, for an OAuth app, "external:" and the app's own name for the task.
func (c *call) findTask(param, id string) (*task, error) {
	if ext, ok := strings.CutPrefix(id, "external:"); ok {
		// A PAT belongs to no app, hence sees no external names: none is stored under "".
		if t := c.st.externals[externalKey{c.who.app, ext}]; t != nil {
			return t, nil
		}
		return nil, unknown(param, id)
	}
	return find(c.st.tasks, param, id)
}

func (c *call) project(name string) (*project, error) {
	return find(c.st.projects, "project", c.part(name))
}

func (c *call) section(name string) (*section, error) {
	return find(c.st.sections, "section", c.part(name))
}

func find[T any](in map[gid]*T, param, id string) (*T, error) {
	g, ok := parseGID(id)
	if !ok {
		return nil, invalid("%s: Not a recognized ID: %s", param, id)
	}
	if x := in[g]; x != nil {
		return x, nil
	}
	return nil, unknown(param, id)
}

// given finds an object named in a body or query. A wrong one is the request's fault, hence 400 and not 404: the 404 of
// a path says that the addressed object is gone (unverified for every property; clients report 400 for assignee and parent).
func given[T any](in map[gid]*T, param, id string) (*T, error) {
	if id == "" {
		return nil, invalid("%s: Missing input", param)
	}
	x, err := find(in, param, id)
	if err != nil {
		return nil, asInvalid(err)
	}
	return x, nil
}

func asInvalid(err error) error {
	if e, ok := err.(*apiError); ok && e.status == http.StatusNotFound {
		return &apiError{status: http.StatusBadRequest, messages: e.messages}
	}
	return err
}

// space checks a workspace gid: the simulated account has one.
func (c *call) space(param, id string) error {
	g, ok := parseGID(id)
	if !ok {
		return invalid("%s: Not a recognized ID: %s", param, id)
	}
	if g != c.st.workspace.id {
		return unknown(param, id)
	}
	return nil
}

// person reads "me", an e-mail address or a gid.
func (c *call) person(param, id string) (*user, error) {
	if id == "me" {
		return c.st.users[c.who.user], nil
	}
	if strings.Contains(id, "@") {
		for _, u := range c.st.userList {
			if strings.EqualFold(u.email, id) {
				return u, nil
			}
		}
		return nil, unknown(param, id)
	}
	g, ok := parseGID(id)
	if !ok {
		return nil, invalid("%s: Not an email, gid, or the word 'me': %s", param, id)
	}
	if u := c.st.users[g]; u != nil {
		return u, nil
	}
	return nil, unknown(param, id)
}
