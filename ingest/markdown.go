package ingest

import (
	"fmt"
	"strings"
)

// markdownHead begins the page of the contract.
const markdownHead = `# The event contract, version 1

What a messenger hands over, and all that Unopened ever reads: one record for each thing that happened. It is a closed schema
of enums, bounded integers and pseudonyms of a fixed length. No field can carry text: its capacity is 0 bytes. Records go to
the raw topic, with any key, or to a file of JSON lines. [producers](producers/README.md) has programs that write them in five languages.

This page is printed by ` + "`unopened schema --format markdown`" + `, out of the table by which the decoders read.

## Two encodings

| | JSON | Protobuf |
|---|---|---|
| where | files, and the raw topic with ` + "`kafka.encoding: json`" + ` | the raw topic with ` + "`kafka.encoding: protobuf`" + ` |
| schema | ` + "`unopened schema --format json-schema`" + ` | [contract.proto](contract.proto), ` + "`unopened schema --format proto`" + ` |
| a record is | one object: ASCII, no escape in any string, no space before or behind it | one serialised ` + "`RawRecord`" + `: no length before it, no schema registry's magic byte |
| pseudonyms | lower-case hexadecimal digits | their bytes |
| enums, countries | names | numbers; 0, "unspecified", is never written |
| integers | digits: no sign, fraction, exponent or leading zero | varints, none longer than need be |
| not known | the field is left out | the field is left out: false and 0 are values |

Both are read by the same rules: the same record gives the same event. A topic has one encoding for ever. That the wrong one is
configured shows at once, since every record is refused: JSON read as Protobuf for ` + "`nesting`" + `, Protobuf read as JSON for ` + "`syntax`" + `.

## Fields

| field | no. | JSON | Protobuf | meaning |
|---|---|---|---|---|
`

// markdownTypes comes between the tables of fields and of types.
const markdownTypes = `
The number is the field's in Protobuf, and never changes. An enum's numbers are the places of its names here, from 1; a
country's has five bits for each letter, of which A is 1 (NL is 14 · 32 + 12 = 460).

## Types

Every record has %s.

| type | kind | needs | may carry |
|---|---|---|---|
`

// markdownRefusals comes before the table of refusals.
const markdownRefusals = `
Without an ` + "`actor`" + ` a record carries none of %s.

## What is refused

A record is taken whole or refused whole, for one reason. Of a refused record nothing is kept but a dead letter with its place, the
reason, and the log2 of its size; ` + "`unopened check --events FILE`" + ` counts the reasons in a file.

| reason | when |
|---|---|
`

// Markdown returns the page of the contract: both encodings, fields, types and refusals.
func Markdown() string {
	var b strings.Builder
	b.WriteString(markdownHead)
	for i := range fields {
		f := &fields[i]
		values, _ := f.values()
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s%s | %s |\n", f.Name, f.Number(), values, code(f.protoType()), f.protoLimits(", %s"), f.Help)
	}
	fmt.Fprintf(&b, markdownTypes, list(FieldsAlways.Names()))
	for _, r := range rows {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.Type, list(r.kindNames()), list(r.Needs.Names()), list(r.May.Names()))
	}
	fmt.Fprintf(&b, markdownRefusals, list(FieldsOfActor.Names()))
	for r := Accepted + 1; r < RefusalCount; r++ {
		fmt.Fprintf(&b, "| `%s` | %s |\n", r, refusals[r].help)
	}
	return b.String()
}

// list writes names as code, one after the other.
func list(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return code(strings.Join(names, "` `"))
}

// code writes text as code.
func code(text string) string { return "`" + text + "`" }
