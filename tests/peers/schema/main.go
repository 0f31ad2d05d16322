// Command schema says what the official validator of the image specification says of documents.
//
// It reads a stream of {"mediaType", "document"} from stdin, the document in base64, and prints one line of
// {"valid", "reason"} for each, in the same order.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"sync"

	"github.com/opencontainers/image-spec/schema"
)

type question struct {
	MediaType string `json:"mediaType"`
	Document  []byte `json:"document"`
}

type verdict struct {
	Valid  bool   `json:"valid"`
	Reason string `json:"reason,omitempty"`
}

func main() {
	if err := run(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(in io.Reader, out io.Writer) error {
	var questions []question
	decoder := json.NewDecoder(bufio.NewReader(in))
	for {
		var next question
		switch err := decoder.Decode(&next); err {
		case nil:
			questions = append(questions, next)
		case io.EOF:
			return write(out, answer(questions))
		default:
			return err
		}
	}
}

// The validator compiles its schemas for each document, so this is worth all cores.
func answer(questions []question) []verdict {
	verdicts := make([]verdict, len(questions))
	workers := runtime.NumCPU()
	var done sync.WaitGroup
	for worker := 0; worker < workers; worker++ {
		done.Add(1)
		go func(first int) {
			defer done.Done()
			for at := first; at < len(questions); at += workers {
				verdicts[at] = judge(questions[at])
			}
		}(worker)
	}
	done.Wait()
	return verdicts
}

func judge(asked question) verdict {
	err := schema.Validator(asked.MediaType).Validate(bytes.NewReader(asked.Document))
	if err != nil {
		return verdict{Reason: err.Error()}
	}
	return verdict{Valid: true}
}

func write(out io.Writer, verdicts []verdict) error {
	buffered := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffered)
	for _, verdict := range verdicts {
		if err := encoder.Encode(verdict); err != nil {
			return err
		}
	}
	return buffered.Flush()
}
