// Package alerts turns verdicts into alerts that people are asked to look at. Policy finds severities and episodes
// on a shard; Desk decides over all shards what goes out; the outbox and its sinks see that it arrives.
package alerts
