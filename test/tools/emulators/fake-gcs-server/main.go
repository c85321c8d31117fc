// Command fake-gcs-server serves fakestorage, a Cloud Storage for tests, at -address, and prints its URL. Objects are kept
// in -folder, or in memory. It ends when its standard input does, so it never outlives who started it.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	"github.com/fsouza/fake-gcs-server/fakestorage"
)

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen")
	folder := flag.String("folder", "", "where to keep objects, so that another one can go on with them")
	flag.Parse()

	// Listening comes first: the server tells clients its own address, where they go on with an upload.
	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	url := "http://" + listener.Addr().String()
	server, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		StorageRoot: *folder,
		NoListener:  true,
		Scheme:      "http",
		ExternalURL: url,
		PublicHost:  listener.Addr().String(),
	})
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Fatal(http.Serve(listener, withUploadStatus(server.HTTPHandler()))) }()
	fmt.Println(url)
	io.Copy(io.Discard, os.Stdin)
}
