// Package store keeps what passed in ClickHouse for analysts to read: applied events, verdicts with their reasons, the
// feature vectors behind them, and alerts. It speaks to a server, or to ClickHouse's own engine in a child process
// (package local), in one way: clickhouse-go's native protocol. No other package imports clickhouse-go.
//
// A table's rows are exact although the insert of a row may be repeated: after a crash, or when an insert's outcome is
// unknown, the same rows are inserted again. Each row has a key that follows from the log (its partition and offset),
// the tables are ReplacingMergeTrees partitioned by event time, and analysts read views that merge what is equal by
// key (FINAL). So the tables named stored_X hold the rows and the views named X are what to read.
package store
