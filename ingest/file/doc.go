// Package file reads raw records from JSON-lines files and standard input, is the in-process log through which files
// are replayed, writes raw records and dead letters as JSON lines, and imports CSV logs of other systems. It is the
// only importer of klauspost/compress.
package file
