// Package toycrmtest is ToyCRM simulated: it stores what it is told and answers what it is asked, over HTTP like the
// vendor. A real one is written from the vendor's documents and recorded traffic, never from the connector.
//
// It never imports package toycrm, so that a misunderstanding of one is not the other's too.
package toycrmtest
