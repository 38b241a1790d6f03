package asanatest

import (
	"crypto/rand"
	"encoding/hex"
	"net/url"
	"strconv"
	"sync"
	"time"
)

const (
	maxPage     = 100
	offsetLife  = 15 * time.Minute // "expires after some time" is all that is documented
	maxOffsets  = 10_000           // the oldest are forgotten first
	resultLimit = 1000             // without limit; https://developers.asana.com/docs/pagination
)

// offsetTable maps opaque offset tokens to places in lists.
type offsetTable struct {
	mu      sync.Mutex // its own: lists are read under the shared lock
	byToken map[string]offset
	order   []string
}

type offset struct {
	query  string // an offset serves only the request it was given for
	place  any
	expiry stamp
}

// keep stores a place and returns its token.
func (t *offsetTable) keep(o offset) string {
	var raw [18]byte
	rand.Read(raw[:]) // never fails since Go 1.24
	token := "eyJ" + hex.EncodeToString(raw[:])
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.byToken == nil {
		t.byToken = map[string]offset{}
	}
	if len(t.order) >= maxOffsets {
		delete(t.byToken, t.order[0])
		t.order = t.order[1:]
	}
	t.byToken[token] = o
	t.order = append(t.order, token)
	return token
}

func (t *offsetTable) find(token string) (offset, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	o, ok := t.byToken[token]
	return o, ok
}

// walk yields items after a place; it returns a place to go on from and whether there is more.
type walk[T any] func(after any, limit int, use func(T)) (place any, more bool)

// paginate answers a list: one page when a limit is given, everything otherwise.
func paginate[T any](c *call, next walk[T], show func(T) any) (reply, error) {
	limit, after, err := c.pageAsked()
	if err != nil {
		return reply{}, err
	}
	data := []any{}
	use := func(x T) { data = append(data, show(x)) }
	if limit == 0 {
		_, more := next(nil, resultLimit, use)
		if more && !c.srv.opt.TruncateUnlimited {
			return reply{}, invalid("The result is too large. You should use pagination (may require specifying a workspace)!")
		}
		return found(data)
	}
	place, more := next(after, limit, use)
	out := reply{status: 200, data: data, paged: true}
	if more {
		out.page = c.nextPage(place, limit)
	}
	return out, nil
}

// pageAsked reads limit and offset; a limit of 0 means that none was given.
func (c *call) pageAsked() (int, any, error) {
	text, token := c.query.Get("limit"), c.query.Get("offset")
	limit := 0
	if text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > maxPage {
			return 0, nil, invalid("limit: Must be between 1 and 100")
		}
		limit = n
	}
	if token == "" {
		return limit, nil, nil
	}
	if limit == 0 {
		limit = maxPage
	}
	o, ok := c.st.offsets.find(token)
	switch {
	case !ok || o.query != c.queryKey():
		return 0, nil, invalid("offset: Your pagination token is invalid.")
	case c.st.stamp() > o.expiry:
		return 0, nil, invalid("offset: Your pagination token has expired.")
	}
	return limit, o.place, nil
}

// queryKey is the request without its page.
func (c *call) queryKey() string {
	q := make(url.Values, len(c.query))
	for k, v := range c.query {
		if k != "limit" && k != "offset" && k != "opt_fields" && k != "opt_pretty" {
			q[k] = v
		}
	}
	return c.path + "?" + q.Encode()
}

func (c *call) nextPage(place any, limit int) *nextPage {
	o := offset{c.queryKey(), place, stampOf(c.st.now().Add(offsetLife))}
	token := c.st.offsets.keep(o)
	q := make(url.Values, len(c.query))
	for k, v := range c.query {
		q[k] = v
	}
	q.Set("limit", strconv.Itoa(limit))
	q.Set("offset", token)
	path := c.path + "?" + q.Encode()
	return &nextPage{Offset: token, Path: path, URI: c.srv.base() + apiBase + path}
}

// inSlice walks a list that keeps its order. The place is the number of items passed.
func inSlice[T any](list []T) walk[T] {
	return func(after any, limit int, use func(T)) (any, bool) {
		from, _ := after.(int)
		from = min(from, len(list))
		to := min(from+limit, len(list))
		for _, x := range list[from:to] {
			use(x)
		}
		return to, to < len(list)
	}
}
