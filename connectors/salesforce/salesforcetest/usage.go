package salesforcetest

import (
	"fmt"
	"net/http"
	"sync"
	"time"
)

// usage counts API calls over a rolling day, by the hour.
type usage struct {
	mu    sync.Mutex
	hours map[int64]int
}

// used returns the calls of the 24 hours before now.
func (u *usage) used(now time.Time) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := 0
	for h, calls := range u.hours {
		if h <= now.Unix()/3600-24 {
			delete(u.hours, h)
			continue
		}
		n += calls
	}
	return n
}

func (u *usage) add(now time.Time, calls int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.hours == nil {
		u.hours = map[int64]int{}
	}
	u.hours[now.Unix()/3600] += calls
}

// limit is the daily limit that the organization shows; without one it shows 15,000 and refuses nothing.
func (s *Server) limit() int {
	if s.opt.DailyLimit > 0 {
		return s.opt.DailyLimit
	}
	return 15_000
}

// UseCalls counts calls of the organization's other integrations, with whom the daily limit is shared.
func (s *Server) UseCalls(n int) { s.usage.add(s.now(), n) }

// metered counts a call, tells the usage on every answer, and refuses calls beyond the daily limit with 403, not 429.
func (s *Server) metered(next http.Handler) http.Handler {
	return handler(func(w http.ResponseWriter, r *http.Request) error {
		now := s.now()
		used := s.usage.used(now)
		if s.opt.DailyLimit > 0 && used >= s.opt.DailyLimit {
			w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/%d", used, s.limit()))
			return fail(403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.")
		}
		s.usage.add(now, 1)
		w.Header().Set("Sforce-Limit-Info", fmt.Sprintf("api-usage=%d/%d", used+1, s.limit()))
		w.Header().Set("Cache-Control", "no-cache,must-revalidate,max-age=0,no-store,private")
		next.ServeHTTP(w, r)
		return nil
	})
}

// limits answers the organization's allocations, of which only the API calls and the bulk jobs are counted.
func (s *Server) limits(w http.ResponseWriter, _ *http.Request) error {
	type allocation struct {
		Max       int
		Remaining int
	}
	used := s.usage.used(s.now())
	queries, ingests := s.jobsToday()
	writeJSON(w, http.StatusOK, map[string]allocation{
		"DailyApiRequests":              {s.limit(), max(0, s.limit()-used)},
		"DailyBulkV2QueryJobs":          {10_000, 10_000 - queries},
		"DailyBulkV2QueryFileStorageMB": {976_562, 976_562},
		"DailyBulkApiBatches":           {15_000, 15_000 - ingests},
		"DailyStreamingApiEvents":       {50_000, 50_000},
		"DailyDeliveredPlatformEvents":  {25_000, 25_000},
		"DataStorageMB":                 {1024, 900},
		"FileStorageMB":                 {1024, 1000},
		"SingleEmail":                   {5000, 5000},
		"MassEmail":                     {5000, 5000},
	})
	return nil
}
