package configs

import (
	"reflect"
	"strings"

	"github.com/unopened/unopened/ingest"
)

// Keys are the names of all keys, at any depth, in the order of the Config types.
func Keys() []string { return keysOf[Config]() }

// profileKeys are those of a visibility profile.
func profileKeys() []string { return keysOf[ingest.Profile]() }

// keysOf are the names of the keys of a type, at any depth.
func keysOf[T any]() []string {
	var keys []string
	walk(reflect.TypeFor[T](), func(name string) { keys = append(keys, name) })
	return keys
}

// walk calls visit for each key of a config type and of those within it.
func walk(t reflect.Type, visit func(string)) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Map {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return
	}
	for field := range t.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		if name == "" || name == "-" {
			continue
		}
		visit(name)
		walk(field.Type, visit)
	}
}

// nearest returns the key with the smallest edit distance (Levenshtein 1966) to name.
func nearest(name string, keys []string) string {
	best, least := "", 1<<30
	for _, key := range keys {
		if d := distance(name, key); d < least {
			best, least = key, d
		}
	}
	return best
}

// distance is the least number of insertions, deletions and changes of bytes that make a out of b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
