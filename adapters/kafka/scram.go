package kafka

import (
	"github.com/IBM/sarama"
	"github.com/xdg-go/scram"
)

// scramFor makes the client side of a SCRAM exchange; nil for PLAIN.
func scramFor(mechanism string) func() sarama.SCRAMClient {
	switch mechanism {
	case sarama.SASLTypeSCRAMSHA256:
		return func() sarama.SCRAMClient { return &scramClient{hash: scram.SHA256} }
	case sarama.SASLTypeSCRAMSHA512:
		return func() sarama.SCRAMClient { return &scramClient{hash: scram.SHA512} }
	}
	return nil
}

type scramClient struct {
	hash scram.HashGeneratorFcn
	talk *scram.ClientConversation
}

func (s *scramClient) Begin(user, password, authzID string) error {
	c, err := s.hash.NewClient(user, password, authzID)
	if err == nil {
		s.talk = c.NewConversation()
	}
	return err
}

func (s *scramClient) Step(challenge string) (string, error) { return s.talk.Step(challenge) }
func (s *scramClient) Done() bool                            { return s.talk.Done() }
