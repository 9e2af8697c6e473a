// Package local starts brokers on this machine: one inside this process that speaks Kafka's protocol, for the demo
// and for quick tests, and the real Apache Kafka out of its published jars, for tests that need the truth.
package local
