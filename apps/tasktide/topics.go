package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/tasktide/tasktide/adapters/kafka"
	"github.com/tasktide/tasktide/core/domain"
)

// What no cluster of ours can want: partitions can't be taken away again.
const (
	mostPartitions = 1000
	mostReplicas   = 15
)

func topicsCommand(o *options) *cobra.Command {
	var partitions int32
	var replication int16
	apply := &cobra.Command{
		Use: "apply", Short: "Make the topics of the routing table, or grow them; nothing is ever shrunk or removed.", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if partitions < 1 || partitions > mostPartitions {
				return wrong("--partitions %d: give 1 to %d", partitions, mostPartitions)
			}
			if replication < 1 || replication > mostReplicas {
				return wrong("--replication %d: give 1 to %d, and not more than there are brokers", replication, mostReplicas)
			}
			cfg, err := o.lenient()
			if err != nil {
				return err
			}
			kc := cfg.KafkaConfig()
			if err := kc.Validate(); err != nil {
				return fmt.Errorf("KAFKA_*: %w", err)
			}
			reports, err := kafka.EnsureTopics(c.Context(), kc, partitions, replication, domain.Topics())
			for _, r := range reports {
				fmt.Fprintln(c.OutOrStdout(), r)
			}
			return err
		},
	}
	apply.Flags().Int32Var(&partitions, "partitions", 8, "partitions of each topic")
	apply.Flags().Int16Var(&replication, "replication", 1, "replicas of each partition, for topics that are made")
	return family("topics", "Topics at the broker.", apply)
}
