package sandbox

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// prefix is where Control is mounted; no vendor has such a path.
const prefix = "/__sandbox/"

// Control returns the handler by which a person or a script steers a running simulator:
//
//	GET    /__sandbox/log     totals, counters and recent requests
//	DELETE /__sandbox/log     forget them
//	GET    /__sandbox/faults  the faults that can still do harm
//	POST   /__sandbox/faults  add a JSON array of faults
//	DELETE /__sandbox/faults  remove all faults
//	GET    /__sandbox/clock   the vendor's time
//	POST   /__sandbox/clock   {"advance":"1h","skew":"2m","freeze":true}, each key optional
//	GET    /__sandbox/state   the vendor's own dump
//
// It has no authentication and therefore answers 403 to everything that does not come from this machine by a loopback
// name. Wrap mounts it.
func Control(opt Options) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /__sandbox/log", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"totals": opt.Log.Totals(), "routes": opt.Log.Counts(), "recent": opt.Log.Recent()})
	})
	mux.HandleFunc("DELETE /__sandbox/log", func(w http.ResponseWriter, _ *http.Request) {
		if opt.Log != nil {
			opt.Log.Reset()
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /__sandbox/faults", func(w http.ResponseWriter, _ *http.Request) { answer(w, opt.Plan.Faults()) })
	mux.HandleFunc("POST /__sandbox/faults", func(w http.ResponseWriter, r *http.Request) { addFaults(w, r, opt.Plan) })
	mux.HandleFunc("DELETE /__sandbox/faults", func(w http.ResponseWriter, _ *http.Request) {
		if opt.Plan != nil {
			opt.Plan.Clear()
		}
		w.WriteHeader(http.StatusNoContent)
	})
	mux.HandleFunc("GET /__sandbox/clock", func(w http.ResponseWriter, _ *http.Request) { answer(w, showClock(opt.Clock)) })
	mux.HandleFunc("POST /__sandbox/clock", func(w http.ResponseWriter, r *http.Request) { setClock(w, r, opt.Clock) })
	mux.HandleFunc("GET /__sandbox/state", func(w http.ResponseWriter, _ *http.Request) {
		var state any
		if opt.State != nil {
			state = opt.State()
		}
		answer(w, state)
	})
	return loopbackOnly(mux)
}

func addFaults(w http.ResponseWriter, r *http.Request, p *Plan) {
	if p == nil {
		http.Error(w, "this simulator has no fault plan", http.StatusConflict)
		return
	}
	faults, err := ReadFaults(r.Body)
	if err == nil {
		err = p.Add(faults...)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	answer(w, p.Faults())
}

func setClock(w http.ResponseWriter, r *http.Request, c *Clock) {
	if c == nil {
		http.Error(w, "this simulator runs on the machine's clock", http.StatusConflict)
		return
	}
	var in struct {
		Advance Duration  `json:"advance"`
		Skew    *Duration `json:"skew"`
		Freeze  *bool     `json:"freeze"`
	}
	dec := json.NewDecoder(io.LimitReader(r.Body, 4<<10))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		http.Error(w, fmt.Sprintf("read clock: %v", err), http.StatusBadRequest)
		return
	}
	c.Advance(time.Duration(in.Advance))
	if in.Skew != nil {
		c.SetSkew(time.Duration(*in.Skew))
	}
	switch {
	case in.Freeze == nil:
	case *in.Freeze:
		c.Freeze()
	default:
		c.Thaw()
	}
	answer(w, showClock(c))
}

func showClock(c *Clock) any {
	return map[string]any{"now": c.Now(), "skew": Duration(c.Skew())}
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	_ = enc.Encode(v)
}

// loopbackOnly checks where a request comes from and, against DNS rebinding by a web page, which name it used.
func loopbackOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.RemoteAddr) || !isLoopback(r.Host) {
			http.Error(w, "the sandbox is steered from this machine only", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLoopback reports whether address, with or without a port, is this machine.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		host = address
	}
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
