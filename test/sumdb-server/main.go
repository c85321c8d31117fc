// Command sumdb-server runs golang.org/x/mod/sumdb's own test server on a loopback port, for tests of our client and
// of the real go command. It prints one line of JSON, {url, verifierKey}, and ends when its standard input does.
//
// With -upstream, hashes are those of that GOPROXY's zips and go.mod files, and only what it has can be looked up.
// Without, every module exists and its hashes are made from its name; those below example.com/missing do not exist.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

var (
	name     = flag.String("name", "sumdb.example", "name of the database; its key follows from it")
	upstream = flag.String("upstream", "", "GOPROXY to hash modules of")
	records  = flag.Int("records", 0, "records example.com/generated/<i>@v1.0.0 to begin with")
	fork     = flag.Int64("fork", -1, "position from which on made hashes differ from those of a server without this flag")
)

func main() {
	log.SetFlags(0)
	flag.Parse()

	// The same name always has the same key, so that two servers can disagree under one signature.
	seed := sha256.Sum256([]byte("sumdb-server " + *name))
	signer, verifier, err := note.GenerateKey(bytes.NewReader(seed[:]), *name)
	if err != nil {
		log.Fatal(err)
	}
	gosum := download
	if *upstream == "" {
		gosum = invent
	}
	ops := database{sumdb.NewTestServer(signer, gosum)}
	for i := range *records {
		m := module.Version{Path: fmt.Sprintf("example.com/generated/%d", i), Version: "v1.0.0"}
		if _, err := ops.Lookup(context.Background(), m); err != nil {
			log.Fatal(err)
		}
	}

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		log.Fatal(http.Serve(listener, sumdb.NewServer(ops)))
	}()
	json.NewEncoder(os.Stdout).Encode(map[string]string{
		"url":         "http://" + listener.Addr().String(),
		"verifierKey": verifier,
	})
	io.Copy(io.Discard, os.Stdin)
}

// database is a test server that does not have the tiles beyond its log, where x/mod's panics.
type database struct{ *sumdb.TestServer }

func (d database) ReadTileData(ctx context.Context, t tlog.Tile) (data []byte, err error) {
	defer func() {
		if recover() != nil {
			err = &fs.PathError{Op: "read", Path: t.Path(), Err: fs.ErrNotExist}
		}
	}()
	return d.TestServer.ReadTileData(ctx, t)
}

var invented atomic.Int64

// invent makes up the record of a module. Calls are assumed to come one after the other when -fork is used.
func invent(path, version string) ([]byte, error) {
	if strings.HasPrefix(path, "example.com/missing") {
		return nil, fs.ErrNotExist
	}
	salt := ""
	if position := invented.Add(1) - 1; *fork >= 0 && position >= *fork {
		salt = "fork "
	}
	hash := func(what string) string {
		sum := sha256.Sum256([]byte(salt + what + " " + path + "@" + version))
		return "h1:" + base64.StdEncoding.EncodeToString(sum[:])
	}
	return lines(path, version, hash("zip"), hash("go.mod")), nil
}

// download hashes what the upstream has.
func download(path, version string) ([]byte, error) {
	zip, err := get(path, version, ".zip")
	if err != nil {
		return nil, err
	}
	mod, err := get(path, version, ".mod")
	if err != nil {
		return nil, err
	}
	file, err := os.CreateTemp("", "sumdb-server-*.zip")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if _, err := file.Write(zip); err != nil {
		return nil, err
	}
	zipHash, err := dirhash.HashZip(file.Name(), dirhash.Hash1)
	if err != nil {
		return nil, err
	}
	modHash, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(mod)), nil
	})
	if err != nil {
		return nil, err
	}
	return lines(path, version, zipHash, modHash), nil
}

var client = http.Client{Timeout: time.Minute}

func get(path, version, extension string) ([]byte, error) {
	escapedPath, err := module.EscapePath(path)
	if err != nil {
		return nil, err
	}
	escapedVersion, err := module.EscapeVersion(version)
	if err != nil {
		return nil, err
	}
	url := strings.TrimSuffix(*upstream, "/") + "/" + escapedPath + "/@v/" + escapedVersion + extension
	response, err := client.Get(url)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	switch response.StatusCode {
	case http.StatusOK:
		return io.ReadAll(io.LimitReader(response.Body, 512<<20))
	case http.StatusNotFound, http.StatusGone:
		return nil, &fs.PathError{Op: "download", Path: path + "@" + version, Err: fs.ErrNotExist}
	}
	return nil, fmt.Errorf("%s: %s", url, response.Status)
}

func lines(path, version, zipHash, modHash string) []byte {
	return fmt.Appendf(nil, "%[1]s %[2]s %[3]s\n%[1]s %[2]s/go.mod %[4]s\n", path, version, zipHash, modHash)
}
