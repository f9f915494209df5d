// Writes expected.txt: what Go's own text/template makes of cases.txt. Run it when cases change:
//
//	go run generate.go < cases.txt > expected.txt
//
// A case is "=== name" and sections "--- kind": template; data (JSON) or messages, tools, think.
// Data of the message kind is built of structs, as the templates of Ollama models expect them.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/template"
)

type propertyType []string

func (t *propertyType) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = propertyType{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

func (t propertyType) MarshalJSON() ([]byte, error) {
	if len(t) == 1 {
		return json.Marshal(t[0])
	}
	return json.Marshal([]string(t))
}

func (t propertyType) String() string {
	switch len(t) {
	case 0:
		return ""
	case 1:
		return t[0]
	}
	return fmt.Sprintf("%v", []string(t))
}

type property struct {
	AnyOf       []property          `json:"anyOf,omitempty"`
	Type        propertyType        `json:"type,omitempty"`
	Items       any                 `json:"items,omitempty"`
	Description string              `json:"description,omitempty"`
	Enum        []any               `json:"enum,omitempty"`
	Properties  map[string]property `json:"properties,omitempty"`
	Required    []string            `json:"required,omitempty"`
}

type properties map[string]property

func (p properties) String() string { return compact(p) }

type parameters struct {
	Type       string     `json:"type"`
	Defs       any        `json:"$defs,omitempty"`
	Items      any        `json:"items,omitempty"`
	Required   []string   `json:"required,omitempty"`
	Properties properties `json:"properties"`
}

func (p parameters) String() string { return compact(p) }

type function struct {
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	Parameters  parameters `json:"parameters"`
}

func (f function) String() string { return compact(f) }

type tool struct {
	Type     string   `json:"type"`
	Function function `json:"function"`
}

func (t tool) String() string { return compact(t) }

type tools []tool

func (t tools) String() string { return compact(t) }

type arguments map[string]any

func (a arguments) String() string { return compact(a) }

type callFunction struct {
	Index     int       `json:"index"`
	Name      string    `json:"name"`
	Arguments arguments `json:"arguments"`
}

type call struct {
	ID       string       `json:"id"`
	Function callFunction `json:"function"`
}

type message struct {
	Role, Content, Thinking string
	Images                  [][]byte
	ToolCalls               []call `json:"tool_calls"`
	ToolName                string `json:"tool_name"`
	ToolCallID              string `json:"tool_call_id"`
}

func compact(value any) string {
	text, err := json.Marshal(value)
	must(err)
	return string(text)
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

func decode(text string, into any) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	must(decoder.Decode(into))
}

// Whole numbers as int, others as float64.
func native(value any) any {
	switch v := value.(type) {
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return int(n)
		}
		f, err := v.Float64()
		must(err)
		return f
	case []any:
		for i := range v {
			v[i] = native(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = native(v[k])
		}
	}
	return value
}

func scriptType(value any) string {
	p, ok := value.(property)
	if !ok {
		return "any"
	}
	var parts []string
	for _, option := range p.AnyOf {
		parts = append(parts, scriptType(option))
	}
	if len(p.AnyOf) == 0 {
		for _, name := range p.Type {
			parts = append(parts, scriptName(name))
		}
	}
	if len(parts) == 0 {
		return "any"
	}
	return strings.Join(parts, " | ")
}

func scriptName(name string) string {
	switch name {
	case "integer", "number":
		return "number"
	case "string", "boolean", "null":
		return name
	case "array":
		return "any[]"
	case "object":
		return "Record<string, any>"
	}
	return "any"
}

// Consecutive messages of one role become one, but not tool results.
func collate(messages []message) (string, []message) {
	var system []string
	var out []message
	for _, m := range messages {
		if m.Role == "system" {
			system = append(system, m.Content)
		}
		if n := len(out); n > 0 && out[n-1].Role == m.Role && m.Role != "tool" {
			out[n-1].Content += "\n\n" + m.Content
		} else {
			out = append(out, m)
		}
	}
	return strings.Join(system, "\n\n"), out
}

func dataOf(sections map[string]string) any {
	if text, ok := sections["data"]; ok {
		var data map[string]any
		decode(text, &data)
		return native(data)
	}
	var messages []message
	decode(sections["messages"], &messages)
	for _, m := range messages {
		for i := range m.ToolCalls {
			m.ToolCalls[i].Function.Index = i
			for k, v := range m.ToolCalls[i].Function.Arguments {
				m.ToolCalls[i].Function.Arguments[k] = native(v)
			}
		}
	}
	list := tools{}
	if text, ok := sections["tools"]; ok {
		decode(text, &list)
	}
	system, collated := collate(messages)
	return map[string]any{
		"System": system, "Messages": collated, "Tools": list, "Response": "",
		"Think": sections["think"] == "true", "ThinkLevel": "", "IsThinkSet": sections["think"] != "",
	}
}

func run(sections map[string]string) (string, error) {
	parsed, err := template.New("").Option("missingkey=zero").Funcs(template.FuncMap{
		"json":             func(v any) string { return compact(v) },
		"toTypeScriptType": scriptType,
	}).Parse(sections["template"])
	if err != nil {
		return "", err
	}
	var out bytes.Buffer
	err = parsed.Execute(&out, dataOf(sections))
	return out.String(), err
}

func main() {
	input, err := io.ReadAll(os.Stdin)
	must(err)
	for _, block := range strings.Split("\n"+strings.TrimSuffix(string(input), "\n"), "\n=== ")[1:] {
		name, rest, _ := strings.Cut(block, "\n")
		sections := map[string]string{}
		for _, part := range strings.Split("\n"+rest, "\n--- ")[1:] {
			kind, text, _ := strings.Cut(part, "\n")
			sections[kind] = text
		}
		if text, err := run(sections); err != nil {
			fmt.Printf("=== %s\n--- error\n%s\n", name, strings.ReplaceAll(err.Error(), "\n", "\\n"))
		} else {
			fmt.Printf("=== %s\n--- output\n%s\n", name, text)
		}
	}
}
