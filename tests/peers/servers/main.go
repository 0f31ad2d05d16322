// Command servers serves one of the registries that exist as Go libraries, in memory, with the referrers API that
// the registries of Debian and of the distribution project lack.
//
//	servers -kind=ociregistry|ggcr -address=127.0.0.1:PORT
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"time"

	"cuelabs.dev/go/oci/ociregistry/ocimem"
	"cuelabs.dev/go/oci/ociregistry/ociserver"
	"github.com/google/go-containerregistry/pkg/registry"
)

var kinds = map[string]func() http.Handler{
	// cuelabs' registry, as its ocisrv serves it: paging by Link, referrers filtered by artifactType.
	"ociregistry": func() http.Handler { return ociserver.New(ocimem.New(), nil) },
	// The one behind `crane registry serve`, which leaves the referrers API out: no paging, no filter.
	"ggcr": func() http.Handler {
		return registry.New(registry.WithReferrersSupport(true), registry.Logger(log.New(io.Discard, "", 0)))
	},
}

func main() {
	kind := flag.String("kind", "", "which registry to serve")
	address := flag.String("address", "127.0.0.1:0", "where to listen")
	flag.Parse()
	handler, known := kinds[*kind]
	if !known {
		fmt.Fprintf(os.Stderr, "servers: no registry %q\n", *kind)
		os.Exit(2)
	}
	server := &http.Server{Addr: *address, Handler: handler(), ReadHeaderTimeout: 5 * time.Second}
	fmt.Fprintln(os.Stderr, server.ListenAndServe())
	os.Exit(1)
}
