// Command seaweedfs is SeaweedFS's own `weed`, of which it has the servers alone: a program that `go install` does not make, since SeaweedFS
// replaces one of its dependencies.
//
//	seaweedfs server -help
package main

import (
	"fmt"
	"os"

	"github.com/seaweedfs/seaweedfs/weed/command"
)

func main() {
	if len(os.Args) < 2 || !run(os.Args[1], os.Args[2:]) {
		fmt.Fprintln(os.Stderr, "seaweedfs: server, and its options")
		os.Exit(2)
	}
}

func run(name string, arguments []string) bool {
	for _, each := range command.Commands {
		if each.Run == nil || each.Name() != name {
			continue
		}
		return each.Flag.Parse(arguments) == nil && each.Run(each, each.Flag.Args())
	}
	return false
}
