// Oracle answers questions about Go's module rules with Go's own golang.org/x/mod, for test/oracle/oracle.ts.
//
// Each line of the input is a JSON array of questions, each line of the output the array of their answers in order.
// All strings are base64 of bytes, because not all that is asked is UTF-8.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

type question struct {
	Function  string   `json:"f"`
	Arguments [][]byte `json:"a"`
}

// An answer is a value, or the reason why there is none.
type answer struct {
	Value any    `json:"v,omitempty"`
	Error string `json:"e,omitempty"`
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	out := json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var questions []question
		if err := json.Unmarshal(line, &questions); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		answers := make([]answer, len(questions))
		for i, q := range questions {
			answers[i] = reply(q)
		}
		if err := out.Encode(answers); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

func reply(q question) (a answer) {
	defer func() {
		if e := recover(); e != nil {
			a = answer{Error: fmt.Sprintf("panic: %v", e)}
		}
	}()
	f := functions[q.Function]
	if f == nil {
		return answer{Error: "panic: no function " + q.Function}
	}
	args := make([]string, len(q.Arguments))
	for i, arg := range q.Arguments {
		args[i] = string(arg)
	}
	value, err := f(args)
	if err != nil {
		return answer{Error: err.Error()}
	}
	if s, ok := value.(string); ok {
		value = []byte(s)
	}
	return answer{Value: value}
}
