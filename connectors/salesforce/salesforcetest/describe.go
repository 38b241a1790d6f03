package salesforcetest

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// summary is what the global describe says of an object, and the describe of the object itself begins with.
func (s *Server) summary(t *table, version string) map[string]any {
	at := "/services/data/" + version + "/sobjects/" + t.name
	urls := map[string]string{"sobject": at, "describe": at + "/describe", "rowTemplate": at + "/{ID}"}
	if !t.system {
		urls["layouts"], urls["compactLayouts"], urls["approvalLayouts"] = at+"/describe/layouts", at+"/describe/compactLayouts", at+"/describe/approvalLayouts"
		urls["listviews"], urls["quickActions"], urls["defaultValues"] = at+"/listviews", at+"/quickActions", at+"/defaultValues?recordTypeId&fields"
	}
	open := !t.system
	return map[string]any{
		"name": t.name, "label": t.label, "labelPlural": t.plural, "keyPrefix": t.prefix, "custom": strings.HasSuffix(t.name, "__c"), "customSetting": false,
		"activateable": false, "associateEntityType": nil, "associateParentEntity": nil, "createable": open, "deepCloneable": false, "deletable": open && !t.keep,
		"deprecatedAndHidden": false, "feedEnabled": open, "hasSubtypes": false, "isInterface": false, "isSubtype": false, "layoutable": open,
		"mergeable": t.mergeable, "mruEnabled": open, "queryable": true, "replicateable": true, "retrieveable": true, "searchable": open,
		"triggerable": open, "undeletable": open && !t.keep, "updateable": open, "urls": urls,
	}
}

// describeGlobal lists the objects.
func (s *Server) describeGlobal(w http.ResponseWriter, r *http.Request) error {
	var list []map[string]any
	_ = s.read(func() error {
		for _, name := range slices.Sorted(maps.Keys(s.tables)) {
			list = append(list, s.summary(s.tables[name], r.PathValue("version")))
		}
		return nil
	})
	return s.unlessUnchanged(w, r, map[string]any{"encoding": "UTF-8", "maxBatchSize": 200, "sobjects": list})
}

// unlessUnchanged answers with the time of the last change of the schema, or 304 when the client has it already.
func (s *Server) unlessUnchanged(w http.ResponseWriter, r *http.Request, v any) error {
	s.mu.RLock()
	at := s.schemaChanged.Truncate(time.Second)
	s.mu.RUnlock()
	w.Header().Set("Last-Modified", at.Format(http.TimeFormat))
	hash := fnv.New32()
	fmt.Fprint(hash, r.URL.Path, at.Unix())
	w.Header().Set("ETag", fmt.Sprintf(`"%08x"`, hash.Sum32()))
	if since, err := http.ParseTime(r.Header.Get("If-Modified-Since")); err == nil && !at.After(since) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	writeJSON(w, http.StatusOK, v)
	return nil
}

// basicInformation answers an object's summary and the rows the user looked at last, of which there are none.
func (s *Server) basicInformation(w http.ResponseWriter, r *http.Request) error {
	var out map[string]any
	err := s.read(func() error {
		t, err := s.object(r)
		if err == nil {
			out = map[string]any{"objectDescribe": s.summary(t, r.PathValue("version")), "recentItems": []any{}}
		}
		return err
	})
	if err == nil {
		writeJSON(w, http.StatusOK, out)
	}
	return err
}

// describe answers everything about an object.
func (s *Server) describe(w http.ResponseWriter, r *http.Request) error {
	var out map[string]any
	base := s.base(r)
	err := s.read(func() error {
		t, err := s.object(r)
		if err == nil {
			out = s.described(t, r.PathValue("version"), base)
		}
		return err
	})
	if err != nil {
		return err
	}
	return s.unlessUnchanged(w, r, out)
}

func (s *Server) described(t *table, version, base string) map[string]any {
	out := s.summary(t, version)
	urls := out["urls"].(map[string]string)
	urls["uiDetailTemplate"], urls["uiEditTemplate"], urls["uiNewRecord"] = base+"/{ID}", base+"/{ID}/e", base+"/"+t.prefix+"/e"
	var fields []map[string]any
	for _, f := range t.fields {
		if !f.hidden {
			fields = append(fields, f.described())
		}
	}
	recordTypes := []any{}
	if !t.system {
		recordTypes = append(recordTypes, map[string]any{"active": true, "available": true, "defaultRecordTypeMapping": true, "developerName": "Master", "master": true,
			"name": "Master", "recordTypeId": "012000000000000AAA", "urls": map[string]string{"layout": urls["layouts"] + "/012000000000000AAA"}})
	}
	for key, value := range map[string]any{
		"actionOverrides": []any{}, "childRelationships": s.childRelationships(t), "compactLayoutable": !t.system, "defaultImplementation": nil, "extendedBy": nil,
		"extendsInterfaces": nil, "fields": fields, "implementedBy": nil, "implementsInterfaces": nil, "listviewable": nil, "lookupLayoutable": nil,
		"namedLayoutInfos": []any{}, "networkScopeFieldName": nil, "recordTypeInfos": recordTypes, "searchLayoutable": !t.system,
		"sobjectDescribeOption": "FULL", "supportedScopes": []any{map[string]string{"label": "All " + strings.ToLower(t.plural), "name": "everything"}},
	} {
		out[key] = value
	}
	return out
}

func (s *Server) childRelationships(t *table) []map[string]any {
	out := []map[string]any{}
	for _, name := range slices.Sorted(maps.Keys(s.tables)) {
		child := s.tables[name]
		for _, f := range child.fields {
			if f.Type != "reference" || f.hidden || !slices.Contains(f.ReferenceTo, t.name) {
				continue
			}
			out = append(out, map[string]any{"cascadeDelete": f.Cascade, "childSObject": child.name, "deprecatedAndHidden": false, "field": f.Name,
				"junctionIdListNames": []any{}, "junctionReferenceTo": []any{}, "relationshipName": orNull(f.Children), "restrictedDelete": false})
		}
	}
	return out
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// soapTypes are the XML types of field types; others are xsd:string.
var soapTypes = map[string]string{"id": "tns:ID", "reference": "tns:ID", "boolean": "xsd:boolean", "int": "xsd:int", "double": "xsd:double", "currency": "xsd:double",
	"percent": "xsd:double", "date": "xsd:date", "datetime": "xsd:dateTime", "address": "urn:address", "anyType": "xsd:anyType"}

// fixed reports whether the field always has a value: the system's own do, but for the master of a merge.
func (f *Field) fixed() bool {
	return f.Required || f.owner || f.notNull || (f.NameField && f.ReadOnly) || f.Type == "boolean" || (f.system != stored && f.system != sysMaster) || f.Name == "CreatedById" || f.Name == "LastModifiedById"
}

// sizes returns length, bytes and digits as describes show them: a character has up to three bytes.
func (f *Field) sizes() (length, bytes, digits int) {
	switch {
	case f.Type == "id" || f.Type == "reference":
		return 18, 18, 0
	case f.Type == "int":
		return 0, 0, 9
	case f.Type == "picklist" && !f.custom():
		length = min(f.Length, 40)
	case f.texty():
		length = f.Length
	}
	return length, 3 * length, 0
}

// described is a field as describes show it, with the keys of today (recorded). The text of a formula is not kept.
func (f *Field) described() map[string]any {
	picklist := []map[string]any{}
	for _, v := range f.Picklist {
		picklist = append(picklist, map[string]any{"active": true, "defaultValue": f.Default == v, "label": v, "validFor": nil, "value": v})
	}
	var extra any
	switch {
	case f.Compound == "Name" && f.NameField:
		extra = "switchablepersonname"
	case f.Compound == "Name" || (f.NameField && f.Length == 121):
		extra = "personname"
	case f.Type == "textarea":
		extra = "plaintextarea"
	case f.Name == "PhotoUrl":
		extra = "imageurl"
	}
	length, bytes, digits := f.sizes()
	writable, comparable := !f.ReadOnly && f.Type != "address", f.filterable() && f.Type != "address"
	return map[string]any{
		"name": f.Name, "label": f.Label, "type": f.Type, "soapType": cmp.Or(soapTypes[f.Type], "xsd:string"), "length": length, "byteLength": bytes, "digits": digits,
		"precision": f.Precision, "scale": f.Scale, "nillable": !f.fixed(), "createable": writable && !f.updateOnly, "updateable": writable && !f.CreateOnly,
		"permissionable": writable && !f.Required, "custom": f.custom(), "calculated": f.Calculated, "calculatedFormula": nil, "formulaTreatNullNumberAsZero": false,
		"defaultValue": f.Default, "defaultValueFormula": nil, "defaultedOnCreate": f.Default != nil || f.owner || (f.ReadOnly && f.fixed()),
		"externalId": f.ExternalID, "unique": f.Unique, "idLookup": f.Lookup || f.ExternalID, "nameField": f.NameField, "autoNumber": f.Name == "CaseNumber",
		"filterable": f.filterable(), "sortable": comparable, "groupable": comparable && !f.numeric() && f.Type != "datetime",
		"aggregatable": comparable && f.Type != "boolean", "caseSensitive": false, "compoundFieldName": orNull(f.Compound), "extraTypeInfo": extra,
		"picklistValues": picklist, "restrictedPicklist": f.Restricted, "dependentPicklist": false, "controllerName": nil,
		"referenceTo": append([]string{}, f.ReferenceTo...), "relationshipName": orNull(f.Relationship), "relationshipOrder": nil, "referenceTargetField": nil,
		"polymorphicForeignKey": len(f.ReferenceTo) > 1, "namePointing": len(f.ReferenceTo) > 1, "cascadeDelete": false, "restrictedDelete": false,
		"aiPredictionField": false, "deprecatedAndHidden": false, "displayLocationInDecimal": false, "encrypted": false, "filteredLookupInfo": nil,
		"highScaleNumber": false, "htmlFormatted": false, "inlineHelpText": nil, "mask": nil, "maskType": nil, "queryByDistance": false,
		"searchPrefilterable": f.Type == "reference", "writeRequiresMasterRead": false,
	}
}

// versionOf is the number of the version a path names.
func versionOf(r *http.Request) int {
	n, _ := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(r.PathValue("version"), "v"), ".0"))
	return n
}

// recordCount answers how many rows objects have, live ones only; unknown names are left out.
func (s *Server) recordCount(w http.ResponseWriter, r *http.Request) error {
	type entry struct {
		Count int    `json:"count"`
		Name  string `json:"name"`
	}
	wanted := r.URL.Query().Get("sObjects")
	out := []entry{}
	_ = s.read(func() error {
		for _, name := range slices.Sorted(maps.Keys(s.tables)) {
			t := s.tables[name]
			if wanted == "" || slices.ContainsFunc(strings.Split(wanted, ","), func(n string) bool { return strings.EqualFold(strings.TrimSpace(n), t.name) }) {
				out = append(out, entry{t.count, t.name})
			}
		}
		return nil
	})
	writeJSON(w, http.StatusOK, map[string]any{"sObjects": out})
	return nil
}
