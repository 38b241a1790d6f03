package transport

import (
	"net"
	"net/http"
	"time"

	"github.com/hashicorp/go-cleanhttp"
)

// newPool keeps one connection open for every worker. The default transport keeps two, which costs a new connection,
// with TLS a handshake, for more than half of all requests (performance goal P10).
func newPool(workers int) *http.Transport {
	p := cleanhttp.DefaultPooledTransport()
	p.DialContext = (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext
	p.TLSHandshakeTimeout = 10 * time.Second
	p.MaxIdleConns = 0 // bounded per host
	p.MaxIdleConnsPerHost = workers
	p.IdleConnTimeout = 90 * time.Second
	p.MaxResponseHeaderBytes = 256 << 10
	p.ForceAttemptHTTP2 = true
	return p
}
