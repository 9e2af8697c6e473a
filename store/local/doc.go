// Package local runs ClickHouse's own engine out of the chDB library as a child process of this one, on loopback, with
// generated passwords and a folder of its own, so that one machine needs no server. What comes of it is a ClickHouse
// server like any other: the store speaks to it through clickhouse-go's native protocol, and a crash of the child is
// just a server that is away.
//
// The child is this very binary, started again with a hidden argument (see Child), so that a crash of the engine is
// not a crash of the service. It has a terminal as its standard input, because without one the engine runs as a batch
// tool and ends at the first misbehaving client (ClickHouse issue 115666).
package local
