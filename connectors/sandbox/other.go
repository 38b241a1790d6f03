package sandbox

import "net/http"

// A simulator that does not speak HTTP has no Wrap around it. It names each of its requests by a method and a path, and
// asks for itself.

// Take returns the fault that harms the request of that method and path, and counts it as spent.
func (p *Plan) Take(method, path string) (Fault, bool) {
	r, err := http.NewRequest(method, "/", nil)
	if err != nil {
		return Fault{}, false
	}
	r.URL.Path = path
	return p.take(r)
}

// Record counts a finished request.
func (l *Log) Record(e Entry) { l.record(e) }
