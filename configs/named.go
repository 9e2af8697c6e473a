package configs

import (
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// kept is a folder of YAML files that ship; each has a name of its own. A person may give a file in place of a name.
type kept struct {
	files  embed.FS
	folder string
	what   string // "profile"
	list   string // how a person lists them
}

const yamlEnding = ".yaml"

// names are the names of those that ship, in order.
func (k *kept) names() []string {
	files, err := fs.Glob(k.files, k.folder+"/*"+yamlEnding)
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, name := range files {
		files[i] = strings.TrimSuffix(path.Base(name), yamlEnding)
	}
	return files
}

// text reads one that ships, by its name, or a file, whose name has a slash or ends in .yaml or .yml.
func (k *kept) text(name string) ([]byte, error) {
	ending := filepath.Ext(name)
	switch {
	case strings.ContainsRune(name, filepath.Separator) || ending == yamlEnding || ending == ".yml":
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading the %s: %w", k.what, err)
		}
		return text, nil
	case slices.Contains(k.names(), name):
		return k.files.ReadFile(k.folder + "/" + name + yamlEnding)
	}
	return nil, fmt.Errorf("there is no %s %q; did you mean %q? %s lists them; a file is named with its ending, .yaml",
		k.what, name, nearest(name, k.names()), k.list)
}
