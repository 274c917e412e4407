package kafka

import (
	"errors"
	"regexp"

	"github.com/IBM/sarama"

	"github.com/tasktide/tasktide/core/domain"
)

var validTopic = regexp.MustCompile(`^[a-zA-Z0-9._-]{1,249}$`)

// checkTopic is the brokers' own rule for names.
func checkTopic(topic domain.Topic) error {
	if !validTopic.MatchString(string(topic)) || topic == "." || topic == ".." {
		return domain.Permanent(errors.New("kafka: invalid topic name: " + string(topic)))
	}
	return nil
}

func unavailable(err error) error {
	if errors.Is(err, sarama.ErrSASLAuthenticationFailed) {
		return domain.Misconfigured("kafka", "the brokers refuse KAFKA_SASL_USER or KAFKA_SASL_PASSWORD: correct them (in Kubernetes in the secret, then restart the pods)", err)
	}
	return domain.Unavailable("kafka", err)
}

// classify gives a producer's error its kind. What no repetition can change is
// permanent; all else, missing rights included, is an outage that someone ends.
func classify(err error) error {
	var config sarama.ConfigurationError // Sarama's own check of the size
	var encoding sarama.PacketEncodingError
	if errors.As(err, &config) || errors.As(err, &encoding) ||
		errors.Is(err, sarama.ErrMessageSizeTooLarge) || errors.Is(err, sarama.ErrInvalidTopic) ||
		errors.Is(err, sarama.ErrInvalidRecord) || errors.Is(err, sarama.ErrInvalidTimestamp) {
		return domain.Permanent(err)
	}
	return unavailable(err)
}

// breaks says whether a producer is of no use after err: connections lost for
// longer than it retries, closed, fenced, out of sequence. It may go on after
// errors that are about one record or topic.
func breaks(err error) bool {
	return domain.KindOf(classify(err)) != domain.KindPermanent &&
		!errors.Is(err, sarama.ErrUnknownTopicOrPartition) &&
		!errors.Is(err, sarama.ErrTopicAuthorizationFailed) &&
		!errors.Is(err, sarama.ErrNotEnoughReplicas) &&
		!errors.Is(err, sarama.ErrNotEnoughReplicasAfterAppend)
}
