package main

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
)

// withUploadStatus answers what Cloud Storage does to a client that asks how far its resumable upload has come, after an
// answer that was lost or a 503. fakestorage takes the question for the upload's end, and keeps half an object.
func withUploadStatus(next http.Handler) http.Handler {
	var received sync.Map // the last byte's number, by upload
	return http.HandlerFunc(func(response http.ResponseWriter, request *http.Request) {
		upload := request.URL.Query().Get("upload_id")
		if request.Method != http.MethodPut || upload == "" {
			next.ServeHTTP(response, request)
			return
		}
		contentRange := request.Header.Get("Content-Range")
		if contentRange == "bytes */*" {
			if end, ok := received.Load(upload); ok {
				response.Header().Set("Range", fmt.Sprintf("bytes=0-%v", end))
			}
			response.WriteHeader(http.StatusPermanentRedirect)
			return
		}
		next.ServeHTTP(response, request)
		bytes, _, _ := strings.Cut(strings.TrimPrefix(contentRange, "bytes "), "/")
		if _, end, ok := strings.Cut(bytes, "-"); ok && end != "*" {
			received.Store(upload, end)
		}
	})
}
