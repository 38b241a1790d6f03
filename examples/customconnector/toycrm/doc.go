// Package toycrm is the smallest whole source, written to be copied: it reads the people of ToyCRM, an invented vendor
// with a feed of changes. connector.go declares it, source.go reads, check.go answers `millrace check`, rules.yaml maps.
//
// Like every connector it does not loop over pages, wait, retry, log or remember anything between two calls: the router
// does that, and the cursor carries what has to be remembered.
package toycrm
