// Command pstest serves Google's own Pub/Sub for tests, kept in memory, at -address, and prints where that is. It ends when
// its standard input does, so it never outlives who started it.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"

	"cloud.google.com/go/pubsub/v2/pstest"
)

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen")
	flag.Parse()

	server := pstest.NewServerWithAddress(*address)
	fmt.Println(server.Addr)
	io.Copy(io.Discard, os.Stdin)
	server.Close()
}
