package main

import (
	"context"
	"strings"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
)

// pstest counts the deliveries of a message for all subscriptions of its topic together, so that a few readers that do
// nothing wrong use up each other's attempts. Here a topic's second subscription and those after it are each on a topic of
// their own, `<topic>~<subscription>`, to which everything is published as well.
const apart = "~"

func (s *server) CreateSubscription(ctx context.Context, wanted *pb.Subscription) (*pb.Subscription, error) {
	topic := wanted.Topic
	on, err := s.ListTopicSubscriptions(ctx, &pb.ListTopicSubscriptionsRequest{Topic: topic})
	if err != nil {
		return nil, err
	}
	if len(on.Subscriptions) > 0 {
		name := topic + apart + wanted.Name[strings.LastIndex(wanted.Name, "/")+1:]
		if _, err := s.CreateTopic(ctx, &pb.Topic{Name: name}); err != nil {
			return nil, err
		}
		s.mu.Lock()
		s.copies[topic] = append(s.copies[topic], name)
		s.mu.Unlock()
		wanted.Topic = name
	}
	return shown(s.GServer.CreateSubscription(ctx, wanted))
}

func (s *server) GetSubscription(ctx context.Context, request *pb.GetSubscriptionRequest) (*pb.Subscription, error) {
	return shown(s.GServer.GetSubscription(ctx, request))
}

// shown is the subscription as its creator knows it.
func shown(subscription *pb.Subscription, err error) (*pb.Subscription, error) {
	if err != nil {
		return nil, err
	}
	shown := proto.Clone(subscription).(*pb.Subscription)
	shown.Topic, _, _ = strings.Cut(shown.Topic, apart)
	return shown, nil
}

func (s *server) Publish(ctx context.Context, request *pb.PublishRequest) (*pb.PublishResponse, error) {
	s.mu.Lock()
	copies := s.copies[request.Topic]
	s.mu.Unlock()
	for _, name := range copies {
		copied := proto.Clone(request).(*pb.PublishRequest)
		copied.Topic = name
		if _, err := s.GServer.Publish(ctx, copied); err != nil {
			return nil, err
		}
	}
	response, err := s.GServer.Publish(ctx, request)
	s.wakeAll(func(*stream) {})
	return response, err
}

func (s *server) DeleteTopic(ctx context.Context, request *pb.DeleteTopicRequest) (*emptypb.Empty, error) {
	s.mu.Lock()
	copies := s.copies[request.Topic]
	delete(s.copies, request.Topic)
	s.mu.Unlock()
	for _, name := range copies {
		if _, err := s.GServer.DeleteTopic(ctx, &pb.DeleteTopicRequest{Topic: name}); err != nil {
			return nil, err
		}
	}
	return s.GServer.DeleteTopic(ctx, request)
}
