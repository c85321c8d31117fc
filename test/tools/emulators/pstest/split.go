package main

import (
	"io"
	"net"
)

// split tells gRPC's connections, which begin with HTTP/2's preface, from plain HTTP ones.
func split(listener net.Listener) (calls, requests net.Listener) {
	http2 := &part{listener, make(chan net.Conn)}
	http1 := &part{listener, make(chan net.Conn)}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				begin := make([]byte, 3)
				if _, err := io.ReadFull(conn, begin); err != nil {
					conn.Close()
					return
				}
				if string(begin) == "PRI" {
					http2.conns <- &begun{conn, begin}
				} else {
					http1.conns <- &begun{conn, begin}
				}
			}()
		}
	}()
	return http2, http1
}

type part struct {
	net.Listener
	conns chan net.Conn
}

func (p *part) Accept() (net.Conn, error) { return <-p.conns, nil }

// begun is a connection whose first bytes have been read.
type begun struct {
	net.Conn
	begin []byte
}

func (b *begun) Read(into []byte) (int, error) {
	if len(b.begin) == 0 {
		return b.Conn.Read(into)
	}
	n := copy(into, b.begin)
	b.begin = b.begin[n:]
	return n, nil
}
