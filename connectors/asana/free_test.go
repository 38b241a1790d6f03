package asana_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
)

// freePlan refuses everything about custom fields with 402, as a free plan does
// (https://forum.asana.com/t/premium-only-api-error-changes/17088).
func freePlan(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		write := r.Method != http.MethodGet
		if strings.Contains(r.URL.Path, "custom_field") || strings.Contains(r.URL.Path, "addCustomFieldSetting") ||
			write && bytes.Contains(body, []byte(`"custom_fields"`)) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusPaymentRequired)
			_, _ = io.WriteString(w, `{"errors":[{"message":"Custom fields are not available for free workspaces."}]}`)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func record(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	h.ServeHTTP(answer, r)
	return answer
}
