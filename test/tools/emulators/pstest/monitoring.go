package main

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
)

// figures answers Cloud Monitoring's timeSeries.list for the two figures of a backlog, without its delay. pstest keeps them
// to itself, so they are read by reflection, in a reactor, which pstest calls with its lock held.
type figures struct {
	server *pstest.GServer

	answering sync.Mutex
	seen      []figure
}

type figure struct {
	subscription string
	undelivered  int
	oldest       time.Duration
}

// React reads the figures on an UpdateTopic without a topic, and leaves all others to pstest.
func (f *figures) React(request any) (bool, any, error) {
	if request.(*pb.UpdateTopicRequest).Topic != nil {
		return false, nil, nil
	}
	now := time.Now()
	f.seen = nil
	for subs := reflect.ValueOf(f.server).Elem().FieldByName("subs").MapRange(); subs.Next(); {
		it := figure{subscription: subs.Key().String()}
		for messages := subs.Value().Elem().FieldByName("msgs").MapRange(); messages.Next(); {
			message := messages.Value().Elem().FieldByName("proto").Elem().FieldByName("Message").Elem()
			published := message.FieldByName("PublishTime").Elem()
			at := time.Unix(published.FieldByName("Seconds").Int(), published.FieldByName("Nanos").Int())
			it.undelivered++
			it.oldest = max(it.oldest, now.Sub(at))
		}
		f.seen = append(f.seen, it)
	}
	return true, &pb.Topic{}, nil
}

type object = map[string]any

func (f *figures) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	project, found := strings.CutPrefix(strings.TrimSuffix(request.URL.Path, "/timeSeries"), "/v3/")
	if request.Method != http.MethodGet || !found {
		http.Error(response, "here is only timeSeries.list", http.StatusNotFound)
		return
	}
	filter := request.URL.Query().Get("filter")
	var valueOf func(figure) int
	switch {
	case strings.Contains(filter, `"pubsub.googleapis.com/subscription/num_undelivered_messages"`):
		valueOf = func(it figure) int { return it.undelivered }
	case strings.Contains(filter, `"pubsub.googleapis.com/subscription/oldest_unacked_message_age"`):
		valueOf = func(it figure) int { return int(it.oldest.Seconds()) }
	default:
		http.Error(response, "unknown metric in filter", http.StatusBadRequest)
		return
	}
	f.answering.Lock()
	defer f.answering.Unlock()
	f.server.UpdateTopic(context.Background(), &pb.UpdateTopicRequest{})
	series := []object{}
	for _, it := range f.seen {
		id, ours := strings.CutPrefix(it.subscription, project+"/subscriptions/")
		if !ours {
			continue
		}
		series = append(series, object{
			"resource": object{"labels": object{"subscription_id": id}},
			"points":   []object{{"value": object{"int64Value": strconv.Itoa(valueOf(it))}}},
		})
	}
	response.Header().Set("Content-Type", "application/json")
	json.NewEncoder(response).Encode(object{"timeSeries": series})
}
