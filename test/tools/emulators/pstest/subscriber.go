package main

import (
	"context"
	"errors"
	"io"
	"strconv"
	"strings"
	"sync"
	"time"

	pb "cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/pubsub/v2/pstest"
	"google.golang.org/protobuf/types/known/emptypb"
)

// A server is pstest with what Pub/Sub promises and it does not keep. Each subscription counts its own attempts
// (publisher.go). A stream has no more messages outstanding than it
// asks for; pstest sends all there are, which a process that ends takes with it until their deadline, an attempt each.
// And what is given back comes again after the back-off of the subscription's retry policy.
type server struct {
	*pstest.GServer

	mu      sync.Mutex
	streams map[*stream]struct{}
	copies  map[string][]string // by topic
}

type stream struct {
	subscription string
	limit        int
	deadline     int32
	held         map[string]time.Time // ends of the leases by ack ID
	wake         chan struct{}
}

// longest is between two looks of a stream that nothing has woken: leases expire without anybody's doing.
const longest = 50 * time.Millisecond

func (s *server) StreamingPull(connection pb.Subscriber_StreamingPullServer) error {
	ctx := connection.Context()
	first, err := connection.Recv()
	if err != nil {
		return err
	}
	if _, err := s.GetSubscription(ctx, &pb.GetSubscriptionRequest{Subscription: first.Subscription}); err != nil {
		return err
	}
	st := &stream{
		subscription: first.Subscription,
		limit:        int(first.MaxOutstandingMessages),
		deadline:     max(first.StreamAckDeadlineSeconds, 1),
		held:         map[string]time.Time{},
		wake:         make(chan struct{}, 1),
	}
	if st.limit <= 0 {
		st.limit = 1000
	}
	s.mu.Lock()
	s.streams[st] = struct{}{}
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.streams, st)
		s.mu.Unlock()
	}()

	ended := make(chan error, 1)
	go func() {
		for {
			if _, err := connection.Recv(); err != nil {
				ended <- err
				return
			}
		}
	}()
	for {
		messages, err := s.take(ctx, st)
		if err != nil {
			return err
		}
		if len(messages) > 0 {
			if err := connection.Send(&pb.StreamingPullResponse{ReceivedMessages: messages}); err != nil {
				return err
			}
			continue
		}
		select {
		case <-st.wake:
		case <-time.After(longest):
		case <-ctx.Done():
			return ctx.Err()
		case err := <-ended:
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
	}
}

// take leases as many messages as the stream may have.
func (s *server) take(ctx context.Context, st *stream) ([]*pb.ReceivedMessage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for id, until := range st.held {
		if now.After(until) {
			delete(st.held, id)
		}
	}
	free := st.limit - len(st.held)
	if free <= 0 {
		return nil, nil
	}
	pulled, err := s.GServer.Pull(ctx, &pb.PullRequest{
		Subscription: st.subscription, MaxMessages: int32(free), ReturnImmediately: true,
	})
	if err != nil || len(pulled.ReceivedMessages) == 0 {
		return nil, err
	}
	var ids []string
	for _, message := range pulled.ReceivedMessages {
		ids = append(ids, message.AckId)
		st.held[message.AckId] = now.Add(time.Duration(st.deadline) * time.Second)
	}
	_, err = s.GServer.ModifyAckDeadline(ctx, &pb.ModifyAckDeadlineRequest{
		Subscription: st.subscription, AckIds: ids, AckDeadlineSeconds: st.deadline,
	})
	return pulled.ReceivedMessages, err
}

func (s *server) Acknowledge(ctx context.Context, request *pb.AcknowledgeRequest) (*emptypb.Empty, error) {
	response, err := s.GServer.Acknowledge(ctx, request)
	s.wakeAll(func(st *stream) {
		for _, id := range request.AckIds {
			delete(st.held, id)
		}
	})
	return response, err
}

func (s *server) ModifyAckDeadline(ctx context.Context, request *pb.ModifyAckDeadlineRequest) (*emptypb.Empty, error) {
	if request.AckDeadlineSeconds == 0 {
		return s.giveBack(ctx, request)
	}
	response, err := s.GServer.ModifyAckDeadline(ctx, request)
	until := time.Now().Add(time.Duration(request.AckDeadlineSeconds) * time.Second)
	s.wakeAll(func(st *stream) {
		for _, id := range request.AckIds {
			if _, held := st.held[id]; held {
				st.held[id] = until
			}
		}
	})
	return response, err
}

// giveBack makes messages available again after their back-off.
func (s *server) giveBack(ctx context.Context, request *pb.ModifyAckDeadlineRequest) (*emptypb.Empty, error) {
	subscription, err := s.GetSubscription(ctx, &pb.GetSubscriptionRequest{Subscription: request.Subscription})
	if err != nil {
		return nil, err
	}
	for _, id := range request.AckIds {
		wait := backoff(subscription.RetryPolicy, id)
		s.modify(request.Subscription, id, 600)
		time.AfterFunc(wait, func() {
			s.modify(request.Subscription, id, 0)
			s.wakeAll(func(*stream) {})
		})
	}
	s.wakeAll(func(st *stream) {
		for _, id := range request.AckIds {
			delete(st.held, id)
		}
	})
	return &emptypb.Empty{}, nil
}

func (s *server) modify(subscription, id string, seconds int32) {
	s.GServer.ModifyAckDeadline(context.Background(), &pb.ModifyAckDeadlineRequest{
		Subscription: subscription, AckIds: []string{id}, AckDeadlineSeconds: seconds,
	})
}

// backoff is doubled with each attempt, which pstest's ack IDs end with.
func backoff(policy *pb.RetryPolicy, id string) time.Duration {
	if policy == nil {
		return 0
	}
	attempt, _ := strconv.Atoi(id[strings.LastIndex(id, ":")+1:])
	wait := policy.MinimumBackoff.AsDuration()
	for ; attempt > 1 && wait < policy.MaximumBackoff.AsDuration(); attempt-- {
		wait *= 2
	}
	return min(wait, policy.MaximumBackoff.AsDuration())
}

func (s *server) wakeAll(change func(*stream)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for st := range s.streams {
		change(st)
		select {
		case st.wake <- struct{}{}:
		default:
		}
	}
}
