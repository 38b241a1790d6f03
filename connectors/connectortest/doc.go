// Package connectortest is the conformance suite every connector passes against its simulator: what a source, a target,
// a webhook and a declaration must hold so that no data are lost, doubled or leaked. Each check stands for one way in
// which that happened somewhere; its comment says how.
//
// A vendor implements a harness (SourceHarness, TargetHarness, WebhookHarness, RegistrarHarness, FeedHarness) and calls Source,
// Target, Webhook, Registrar, Feeder and Spec from a short test file. The suite talks to the simulator through a real loopback server and to the connector
// through package connectors only: it knows no vendor, and it does not test a vendor's own features.
package connectortest
