package receive

import (
	"errors"
	"io"
	"net/http"
	"sync"
)

const (
	// freeBody is what every request may send before it needs a share of mostBodies, so that strangers with large bodies
	// keep no vendor's small ones out.
	freeBody = 16 << 10
	// startBody is what reading begins with; most deliveries are smaller.
	startBody = 4 << 10
	// mostBodies bounds what all bodies that are being read or stored hold beyond that.
	mostBodies = 16 << 20
)

var (
	errTooLarge = errors.New("the body is larger than max_body")
	errNoRoom   = errors.New("too many large bodies at once")
)

// budget is the memory for bodies.
type budget struct {
	mu   sync.Mutex
	left int64
	free sync.Pool // of *[]byte, startBody long
}

// body is one that was read, and what it holds of the budget.
type body struct {
	bytes  []byte
	buffer *[]byte
	held   int64
}

func (b *budget) take(n int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left < n {
		return false
	}
	b.left -= n
	return true
}

// read reads at most so many bytes. What is returned with an error must be released, too.
func (b *budget) read(req *http.Request, most int64) (*body, error) {
	out := &body{}
	if req.ContentLength > most {
		return out, errTooLarge
	}
	out.buffer, _ = b.free.Get().(*[]byte)
	if out.buffer == nil {
		fresh := make([]byte, startBody)
		out.buffer = &fresh
	}
	buf, n := *out.buffer, 0
	for {
		got, err := req.Body.Read(buf[n:])
		n += got
		out.bytes = buf[:n]
		switch {
		case int64(n) > most:
			return out, errTooLarge
		case errors.Is(err, io.EOF):
			return out, nil
		case err != nil:
			return out, err
		}
		if n < len(buf) {
			continue
		}
		size := min(2*int64(len(buf)), most+1)
		if size > freeBody {
			if !b.take(size) { // what the smaller ones took is given back with it at the end
				return out, errNoRoom
			}
			out.held += size
		}
		larger := make([]byte, size)
		copy(larger, buf)
		buf = larger
	}
}

// release gives back what a body holds. Its bytes must not be used any more.
func (b *budget) release(out *body) {
	if out.buffer != nil {
		b.free.Put(out.buffer)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += out.held
}
