// Package transport makes the *http.Client a connection gets. From the outside in: retry of what is provably safe to
// repeat, the account's limiter (which sees every attempt), a breaker, a look at the vendor's clock, sign-in, user agent, and a pooled transport.
//
// It repeats at most twice and waits at most Config.MaxWait; everything longer is returned for the router to plan. It
// does not read bodies, does not classify answers (package rest does), and shows no address, query, body or secret in
// a log or an error. It does not decide the pace: package router/quota is the Limiter.
package transport
