// Command pstest serves Google's own Pub/Sub for tests, kept in memory, at -address, and prints where that is. What pstest
// leaves out and a service relies on is added: flow control, retry policies (subscriber.go), attempts of a subscription's
// own (publisher.go), and the figures of Cloud Monitoring (monitoring.go), by HTTP at the same address. It ends when its standard input does, so it never outlives who
// started it.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/grpc"
)

func main() {
	address := flag.String("address", "127.0.0.1:0", "where to listen")
	flag.Parse()

	figures := &figures{}
	fake := pstest.NewServerWithAddress("127.0.0.1:0", pstest.ServerReactorOption{FuncName: "UpdateTopic", Reactor: figures})
	figures.server = &fake.GServer

	listener, err := net.Listen("tcp", *address)
	if err != nil {
		log.Fatal(err)
	}
	calls, requests := split(listener)
	server := &server{GServer: &fake.GServer, streams: map[*stream]struct{}{}, copies: map[string][]string{}}
	rpc := grpc.NewServer()
	pb.RegisterPublisherServer(rpc, server)
	pb.RegisterSubscriberServer(rpc, server)
	go func() { log.Fatal(rpc.Serve(calls)) }()
	go func() { log.Fatal(http.Serve(requests, figures)) }()

	fmt.Println(listener.Addr())
	io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
