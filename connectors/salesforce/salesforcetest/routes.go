package salesforcetest

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// The versions of the API: those below the first are retired and answer 410, see
// https://help.salesforce.com/s/articleView?id=000354473.
const (
	firstVersion = 31
	lastVersion  = 67
)

// label names the release of a version: three a year, the winter's first, of which 67 is Summer '26.
func label(version int) string {
	n := version - 65 + 3*26
	return fmt.Sprintf("%s '%02d", []string{"Winter", "Spring", "Summer"}[n%3], n/3)
}

// routes mounts the API, see https://developer.salesforce.com/docs/atlas.en-us.api_rest.meta/api_rest/resources_list.htm.
func (s *Server) routes() http.Handler {
	api := http.NewServeMux()
	const base = "/services/data/{version}"
	routes := map[string]handler{
		"GET {$}":                                  s.resources,
		"GET query":                                s.runQuery(false),
		"GET queryAll":                             s.runQuery(true),
		"GET query/{locator}":                      s.nextPage,
		"GET queryAll/{locator}":                   s.nextPage,
		"GET sobjects":                             s.describeGlobal,
		"GET sobjects/{$}":                         s.describeGlobal,
		"GET sobjects/{object}":                    s.basicInformation,
		"POST sobjects/{object}":                   s.createRow,
		"POST sobjects/{object}/{$}":               s.createRow,
		"GET sobjects/{object}/describe":           s.describe,
		"GET sobjects/{object}/describe/{$}":       s.describe,
		"GET sobjects/{object}/deleted":            s.getDeleted,
		"GET sobjects/{object}/deleted/{$}":        s.getDeleted,
		"GET sobjects/{object}/updated":            s.getUpdated,
		"GET sobjects/{object}/updated/{$}":        s.getUpdated,
		"GET sobjects/{object}/{id}":               s.getRow,
		"PATCH sobjects/{object}/{id}":             s.updateRow,
		"DELETE sobjects/{object}/{id}":            s.deleteRow,
		"GET sobjects/{object}/{field}/{value}":    s.getByField,
		"PATCH sobjects/{object}/{field}/{value}":  s.upsertRow,
		"DELETE sobjects/{object}/{field}/{value}": s.deleteByField,
		"GET limits":                               s.limits,
		"GET limits/{$}":                           s.limits,
		"GET limits/recordCount":                   s.recordCount,
	}
	maps.Copy(routes, s.bulkRoutes())
	maps.Copy(routes, s.compositeRoutes())
	for pattern, h := range routes {
		method, path, _ := strings.Cut(pattern, " ")
		api.Handle(method+" "+base+"/"+path, h)
	}
	s.api = api
	api.Handle("/", handler(func(http.ResponseWriter, *http.Request) error { return missing() }))
	mux := http.NewServeMux()
	mux.Handle("GET /services/data", handler(s.versions))
	mux.Handle("GET /services/data/{$}", handler(s.versions))
	mux.Handle("/services/data/{version}/", bounded(supported(s.authenticate(s.metered(api)))))
	mux.Handle("GET /services/data/{version}", supported(s.authenticate(s.metered(handler(s.resources)))))
	s.oauthRoutes(mux)
	mux.Handle("/", handler(func(http.ResponseWriter, *http.Request) error { return missing() }))
	return mux
}

// supported answers for versions that are retired or do not exist.
func supported(next http.Handler) http.Handler {
	return handler(func(w http.ResponseWriter, r *http.Request) error {
		text := strings.TrimPrefix(strings.SplitN(strings.TrimPrefix(r.URL.Path, "/services/data/"), "/", 2)[0], "v")
		version, err := strconv.ParseFloat(text, 64)
		if err != nil || version != float64(int(version)) || !strings.HasSuffix(text, ".0") || version > lastVersion {
			return missing()
		}
		if version < firstVersion {
			return fail(http.StatusGone, "UNSUPPORTED_API_VERSION", "API version %s is retired", text)
		}
		next.ServeHTTP(w, r)
		return nil
	})
}

// versions lists the versions; it needs no sign-in.
func (s *Server) versions(w http.ResponseWriter, _ *http.Request) error {
	var out []map[string]string
	for v := firstVersion; v <= lastVersion; v++ {
		text := strconv.Itoa(v) + ".0"
		out = append(out, map[string]string{"label": label(v), "url": "/services/data/v" + text, "version": text})
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// resources lists what a version has.
func (s *Server) resources(w http.ResponseWriter, r *http.Request) error {
	base := "/services/data/" + r.PathValue("version")
	out := map[string]string{"identity": s.identityURL(s.base(r), s.auth.userOf(bearer(r)))}
	for _, name := range []string{"composite", "jobs", "limits", "query", "queryAll", "sobjects"} {
		out[name] = base + "/" + name
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// object returns the object that a path names.
func (s *Server) object(r *http.Request) (*table, error) {
	if t := s.table(r.PathValue("object")); t != nil {
		return t, nil
	}
	return nil, missing()
}
