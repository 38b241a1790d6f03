package sandbox

import (
	"bytes"
	"html/template"
	"net/http"
)

// Consent is the page on which a person admits an app, or does not. The form comes back to the page's own address as a
// POST whose `decision` is ConsentAllow or ConsentDeny.
type Consent struct {
	Vendor string
	App    string
	Person string // who is signed in to the vendor
	Scopes []string
}

// What `decision` says.
const (
	ConsentAllow = "allow"
	ConsentDeny  = "deny"
)

var consentPage = template.Must(template.New("consent").Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.Vendor}} (simulated): admit an app</title>
<style>body{font:1.1rem/1.6 system-ui,sans-serif;margin:12vh auto;max-width:34rem;padding:0 1rem}button{font:inherit;padding:.3rem 1.2rem}</style>
<h1>{{.Vendor}} <small>(simulated)</small></h1>
<p><b>{{.App}}</b> asks for access in the name of {{.Person}}:</p>
<ul>{{range .Scopes}}<li>{{.}}</li>{{else}}<li>everything</li>{{end}}</ul>
<form method="post"><button name="decision" value="allow">Allow</button> <button name="decision" value="deny">Deny</button></form>
</html>
`))

// Write writes the page, in one piece: some simulators keep only the last one.
func (c Consent) Write(w http.ResponseWriter) {
	var page bytes.Buffer
	if err := consentPage.Execute(&page, c); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(page.Bytes())
}
