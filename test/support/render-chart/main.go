// Renders a Helm chart's templates as helm would, with those of its functions that the chart uses: for machines that have
// Go and no helm. It reads {"directory": …, "values": …, "chart": …} on standard input and writes the documents.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"
)

type input struct {
	Directory string
	Values    map[string]any
	Chart     map[string]any
}

func main() {
	if err := render(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func render() error {
	var given input
	if err := json.NewDecoder(os.Stdin).Decode(&given); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(given.Directory, "templates", "*"))
	if err != nil {
		return err
	}
	root := template.New("chart").Option("missingkey=error")
	root.Funcs(functions(root))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := root.New("templates/" + filepath.Base(file)).Parse(string(text)); err != nil {
			return err
		}
	}
	facts := map[string]any{
		"Values":   given.Values,
		"Chart":    given.Chart,
		"Release":  map[string]any{"Name": "bays", "Namespace": "default", "Service": "Helm"},
		"Template": map[string]any{"BasePath": "templates"},
	}
	for _, file := range files {
		name := filepath.Base(file)
		if !strings.HasSuffix(name, ".yaml") {
			continue
		}
		fmt.Println("---")
		if err := root.ExecuteTemplate(os.Stdout, "templates/"+name, facts); err != nil {
			return err
		}
	}
	return nil
}

func functions(root *template.Template) template.FuncMap {
	asText := func(value any) string {
		if value == nil {
			return ""
		}
		return fmt.Sprint(value)
	}
	indent := func(width int, text string) string {
		return strings.ReplaceAll("\n"+text, "\n", "\n"+strings.Repeat(" ", width))
	}
	return template.FuncMap{
		"include": func(name string, facts any) (string, error) {
			var text bytes.Buffer
			err := root.ExecuteTemplate(&text, name, facts)
			return text.String(), err
		},
		"toYaml":  toYaml,
		"nindent": indent,
		"quote":   func(value any) string { return fmt.Sprintf("%q", asText(value)) },
		"default": func(instead any, value any) any {
			if asText(value) == "" {
				return instead
			}
			return value
		},
		"required": func(message string, value any) (any, error) {
			if asText(value) == "" {
				return nil, errors.New(message)
			}
			return value, nil
		},
		"add": func(left, right any) (int, error) {
			sum := 0
			for _, each := range []any{left, right} {
				var number float64
				if _, err := fmt.Sscan(asText(each), &number); err != nil {
					return 0, err
				}
				sum += int(number)
			}
			return sum, nil
		},
		"dict": func(pairs ...any) map[string]any {
			made := map[string]any{}
			for index := 0; index+1 < len(pairs); index += 2 {
				made[asText(pairs[index])] = pairs[index+1]
			}
			return made
		},
		"sha256sum": func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) },
	}
}

// One level in lines of its own; what is below it as JSON, which is YAML too.
func toYaml(value any) (string, error) {
	lines := []string{}
	add := func(start string, each any) error {
		text, err := json.Marshal(each)
		lines = append(lines, start+string(text))
		return err
	}
	switch known := value.(type) {
	case map[string]any:
		for key, each := range known {
			if err := add(key+": ", each); err != nil {
				return "", err
			}
		}
		sort.Strings(lines)
	case []any:
		for _, each := range known {
			if err := add("- ", each); err != nil {
				return "", err
			}
		}
	default:
		if err := add("", value); err != nil {
			return "", err
		}
	}
	return strings.Join(lines, "\n"), nil
}
