package hubspottest

import "net/http"

// accountDetails answers what check commands ask: the account and its time zone, on whose midnight daily quotas reset.
func (s *Server) accountDetails(w http.ResponseWriter, _ *http.Request) error {
	writeJSON(w, http.StatusOK, map[string]any{
		"portalId": s.opt.PortalID, "accountType": "STANDARD", "timeZone": "US/Eastern", "companyCurrency": "USD", "additionalCurrencies": []string{},
		"utcOffset": "-05:00", "utcOffsetMilliseconds": -5 * 3600 * 1000, "uiDomain": "app.hubspot.com", "dataHostingLocation": "na1",
	})
	return nil
}

// accountUsage answers the private apps' use of the daily quota.
func (s *Server) accountUsage(w http.ResponseWriter, _ *http.Request) error {
	used, most := s.limits.daily()
	now := s.opt.Clock.Now()
	writeJSON(w, http.StatusOK, map[string]any{"results": []any{map[string]any{
		"name": "private-apps-api-calls-daily", "usageLimit": most, "currentUsage": used, "fetchStatus": "SUCCESS",
		"collectedAt": stamp(now.UnixMilli()), "resetsAt": stamp(now.AddDate(0, 0, 1).Truncate(24 * 3600e9).UnixMilli()),
	}}})
	return nil
}
