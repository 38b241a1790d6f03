package salesforce

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

// BenchmarkRows makes records of a page of 2,000 rows with 60 fields, as a query answers it.
func BenchmarkRows(b *testing.B) {
	l := contacts()
	row := `{"attributes":{"type":"Contact","url":"/services/data/v67.0/sobjects/Contact/003ak00000AbCdEAAV"},"Id":"003ak00000AbCdEAAV",` +
		`"SystemModstamp":"2026-11-20T10:00:00.000+0000","IsDeleted":false,"Name":"Zoë Müller","Amount":1234.50,"Notes":null`
	for i := range 54 {
		name := fmt.Sprintf("Field_%02d__c", i)
		l.index[name] = len(l.fields)
		l.fields = append(l.fields, field{name: name, kind: "string"})
		row += fmt.Sprintf(`,%q:"value %d"`, name, i)
	}
	page := "[" + strings.TrimSuffix(strings.Repeat(row+"},", 2000), ",") + "]"
	a := &account{connection: "sf"}
	rows := gjson.Parse(page).Array()
	b.SetBytes(int64(len(page)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := a.records("read", object{name: "Contact"}, l, rows, nil, time.Now()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/2000, "us/record")
}
