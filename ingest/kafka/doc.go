// Package kafka reads partitions of a Kafka topic into handlers and writes the internal topics. It is the only
// importer of kafka-go, and uses little of it: the group's membership (ConsumerGroup), the connections and routing
// (Transport, Client), never Reader or Writer. Those rewind offsets after a rebalance, skip what retention deleted in
// silence, hang on a corrupt batch, inflate without a bound and acknowledge before anything is durable.
//
// A Source begins where its handler says (Handler.Resume); what is committed to the group only shows lag. A partition
// is fetched by one goroutine, which fetches again only when the handler has taken what came before: a slow handler
// holds back its own partition and nothing else.
package kafka
