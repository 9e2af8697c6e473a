package ingest

import (
	"encoding/json"
	"fmt"
)

// JSONSchema returns the contract as a JSON Schema (draft 2020-12): one closed object for each row of the table of
// types. It cannot say that actor and target differ, nor how plainly numbers and strings are written: Decoder does.
func JSONSchema() ([]byte, error) {
	defs := make(map[string]any, len(fields))
	for i := range fields {
		_, schema := fields[i].values()
		schema["description"] = fields[i].Help
		defs[fields[i].Name] = schema
	}
	variants := make([]any, len(rows))
	for i := range rows {
		variants[i] = rows[i].jsonSchema()
	}
	return json.MarshalIndent(map[string]any{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"title":       "Unopened raw record, version 1",
		"description": "Metadata of one thing that happened. No field can carry text.",
		"type":        "object",
		"oneOf":       variants,
		"$defs":       defs,
	}, "", "  ")
}

// values says which values a field takes, for people and as JSON Schema.
func (f *Field) values() (text string, schema map[string]any) {
	switch f.Value {
	case ValueInteger:
		text = fmt.Sprintf("integer, %d to %d", f.Min, f.Max)
		if f.Min == f.Max {
			text = fmt.Sprint(f.Min)
		}
		return text, map[string]any{"type": "integer", "minimum": f.Min, "maximum": f.Max}
	case ValueEnum:
		return list(f.Names), map[string]any{"enum": f.Names}
	case ValueHex:
		return fmt.Sprintf("%d lower-case hexadecimal digits", f.Digits),
			map[string]any{"type": "string", "pattern": fmt.Sprintf("^[0-9a-f]{%d}$", f.Digits)}
	case ValueBool:
		return "`true` `false`", map[string]any{"type": "boolean"}
	default:
		return "ISO 3166-1 alpha-2, assigned, upper case", map[string]any{"enum": countryCodes}
	}
}

// jsonSchema describes the records of a row.
func (r *Row) jsonSchema() map[string]any {
	properties, dependent := map[string]any{}, map[string]any{}
	for _, name := range (FieldsAlways | r.Needs | r.May).Names() {
		properties[name] = map[string]any{"$ref": "#/$defs/" + name}
	}
	properties["type"] = map[string]any{"const": r.Type.String()}
	if r.Kinds != nil {
		properties["kind"] = map[string]any{"enum": r.kindNames()}
	}
	if !r.Needs.Any(FieldActor) {
		for _, name := range (r.May & FieldsOfActor).Names() {
			dependent[name] = []string{"actor"}
		}
	}
	return map[string]any{
		"properties": properties, "required": (FieldsAlways | r.Needs).Names(),
		"dependentRequired": dependent, "additionalProperties": false,
	}
}

// kindNames are the names of the row's kinds.
func (r *Row) kindNames() []string {
	names := make([]string, len(r.Kinds))
	for i, k := range r.Kinds {
		names[i] = k.String()
	}
	return names
}
