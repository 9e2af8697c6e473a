package kafka

import "fmt"

// IncidentKind is what happened to a log.
type IncidentKind uint8

// The kinds of incident. The first four are passed and told of in the log; the last two stop the role, because no
// program can know which log is the right one.
const (
	Gap           IncidentKind = iota // records were deleted before they were read
	Poison                            // the log cannot give records back
	Holes                             // offsets are missing in the middle of the log
	Repartitioned                     // the topic has another number of partitions: From before, To now
	BeyondEnd                         // what is wanted next lies beyond the log's end: From is the end, To is wanted
	Recreated                         // the topic was deleted and created again: From is what was wanted next, To is -1
	incidentKinds                     // their number
)

// incidentTexts are the name of each kind, as it stands in logs and metrics, what it means and what a person can do.
var incidentTexts = [incidentKinds]struct{ name, meaning, remedy string }{
	Gap: {"gap", "records were deleted before they were read", "raise the topic's retention.ms and retention.bytes, or add members"},
	Poison: {"poison", "the log cannot give records back; they are refused as poison",
		"look for a failing disk at the partition's leader, and for a writer that makes batches which cannot be read"},
	Holes: {"holes", "the log has holes", "if the topic is compacted, set its cleanup.policy to delete"},
	Repartitioned: {"repartitioned", "the topic has another number of partitions",
		"a raw topic may grow; if it is another one, stop all members: what accounts have lies elsewhere now"},
	BeyondEnd: {"beyond_end", "the checkpoint wants what the log never had", "the topic was created again or lost records. " +
		"If it was created again, raise kafka.incarnation where it is the raw topic, and move the folder of this role below " +
		"engine.checkpoints away (keep the other folders and identity.key); if it lost records, restore it or the checkpoints of that time"},
	Recreated: {"recreated", "the topic was deleted and created again", "raise kafka.incarnation where it is the raw topic, and move " +
		"the folder of this role below engine.checkpoints away (keep the other folders and identity.key)"},
}

// String is the kind's name in logs and metrics.
func (k IncidentKind) String() string { return incidentTexts[k].name }

// Incident is what happened to a log that cost records or may have, so that a person must look at it. Offsets From up
// to but not including To of the partition are concerned, unless the kind says otherwise. An incident that stops a role
// is the error of Source.Run.
type Incident struct {
	Kind      IncidentKind
	Role      string // that met it; "" outside any group
	Topic     string
	Partition int // -1 for the whole topic
	From, To  int64
}

// Error says what happened, where, and what can be done.
func (i Incident) Error() string {
	text := &incidentTexts[i.Kind]
	return fmt.Sprintf("incident %s: %s (role %s, topic %s, partition %d, from %d, to %d): %s", text.name, text.meaning, i.Role, i.Topic, i.Partition, i.From, i.To, text.remedy)
}

// meet counts an incident.
func (c *Cluster) meet(i Incident) Incident {
	c.counts.incidents[i.Kind].Add(1)
	return i
}

// tell counts an incident that is passed and logs it; cause is what was found, where that says more, or nil.
func (c *Cluster) tell(i Incident, cause error) {
	_ = c.meet(i) // which is told of here
	text := &incidentTexts[i.Kind]
	args := []any{"kind", text.name, "role", i.Role, "topic", i.Topic, "partition", i.Partition, "from", i.From, "to", i.To, "remedy", text.remedy}
	if cause != nil {
		args = append(args, "error", cause)
	}
	c.log.Error("kafka: INCIDENT: "+text.meaning, args...)
}
