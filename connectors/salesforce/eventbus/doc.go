// Package eventbus is Salesforce's Pub/Sub API (eventbus.v1) as gRPC code generated from the vendor's contract, for the
// client in package pubsub and for the simulator that judges it. It has no code of ours.
//
// The contract is pubsub_api.proto of https://github.com/forcedotcom/pub-sub-api at commit
// 0ba470114fd8dac1e18a2c981efdafc87fcc69d1 (2024-09-03), which the vendor dedicates to the public domain (CC0-1.0). It
// stands with the other specifications, outside of the project; TestGeneratedFromTheContract compares. Generating needs
// protoc, protoc-gen-go v1.36.12 and protoc-gen-go-grpc v1.6.2.
package eventbus

//go:generate protoc -I $MILLRACE_SHARED/specs/salesforce --go_out=. --go_opt=paths=source_relative --go_opt=Mpubsub_api.proto=github.com/millrace/millrace/connectors/salesforce/eventbus;eventbus --go-grpc_out=. --go-grpc_opt=paths=source_relative --go-grpc_opt=Mpubsub_api.proto=github.com/millrace/millrace/connectors/salesforce/eventbus;eventbus pubsub_api.proto
