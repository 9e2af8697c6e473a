package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Cells takes a row of Run apart for a table on a terminal.
func Cells(row json.RawMessage) (names, cells []string, err error) {
	d := json.NewDecoder(bytes.NewReader(row))
	if _, err := d.Token(); err != nil { // {
		return nil, nil, fmt.Errorf("reading a row: %w", err)
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return nil, nil, fmt.Errorf("reading a row: %w", err)
		}
		var cell json.RawMessage
		if err := d.Decode(&cell); err != nil {
			return nil, nil, fmt.Errorf("reading a row: %w", err)
		}
		names, cells = append(names, fmt.Sprint(name)), append(cells, cellText(name == "at", string(cell)))
	}
	return names, cells, nil
}

// cellText is a cell for a person.
func cellText(moment bool, cell string) string {
	number, err := strconv.ParseFloat(cell, 64)
	switch {
	case moment && err == nil:
		return time.UnixMilli(int64(number)).UTC().Format("2006-01-02 15:04:05.000")
	case err == nil && strings.Contains(cell, "."):
		return strconv.FormatFloat(number, 'g', 6, 64)
	case cell == "null":
		return ""
	}
	return strings.ReplaceAll(cell, `"`, "") // names, pseudonyms and lists of such
}
