package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
)

// page is one page of the list endpoint.
type page struct {
	Results []contact
	Paging  struct{ Next struct{ After string } }
}

type contact struct {
	ID         string
	Properties struct {
		Firstname, Lastname, Email, Phone, Mobilephone, Jobtitle, Company        string
		Address, City, Zip, Country, Lifecyclestage, Hs_Lead_Status, Hs_Language string
	}
}

const properties = "firstname,lastname,email,phone,mobilephone,jobtitle,company,address,city,zip,country,lifecyclestage,hs_lead_status,hs_language"

// task maps the contact as an integration written by hand would.
func (f *floor) task(key string, c *contact) map[string]any {
	p := &c.Properties
	name := strings.TrimSpace(p.Firstname + " " + p.Lastname)
	if name == "" {
		name = strings.ToLower(p.Email)
	}
	notes := strings.Join([]string{
		"E-mail: " + strings.ToLower(strings.TrimSpace(p.Email)), "Phone: " + p.Phone, "Mobile: " + p.Mobilephone,
		"Title: " + p.Jobtitle, "Company: " + p.Company, "Address: " + p.Address + ", " + p.Zip + " " + p.City + ", " + p.Country,
		"Stage: " + p.Lifecyclestage, "Status: " + p.Hs_Lead_Status, "Language: " + p.Hs_Language,
	}, "\n")
	return map[string]any{"data": map[string]any{
		"name": name, "notes": notes, "projects": []string{f.project}, "external": map[string]string{"gid": key},
	}}
}

// call makes one request, drains the answer and decodes it when it is a success.
func (f *floor) call(ctx context.Context, method, url, token string, in, out any) (int, error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(b)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	resp, err := f.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode/100 != 2 {
		_, err = io.Copy(io.Discard, resp.Body)
		return resp.StatusCode, err
	}
	return resp.StatusCode, json.NewDecoder(resp.Body).Decode(out)
}
