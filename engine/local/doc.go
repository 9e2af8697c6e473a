// Package local starts a real S3 server on this machine, for tests of what speaks to one.
package local
