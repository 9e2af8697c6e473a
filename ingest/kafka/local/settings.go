package local

import (
	"fmt"
	"path/filepath"
	"strings"
)

// settings are of a broker that is a controller too. The second half makes its cluster notice a killed broker, itself
// before a restart included, in two seconds instead of nine.
const settings = `process.roles=broker,controller
node.id=%[1]d
controller.quorum.voters=%[2]s
listeners=%[3]s,CONTROLLER://127.0.0.1:%[4]d
advertised.listeners=%[3]s
controller.listener.names=CONTROLLER
inter.broker.listener.name=INTERNAL
listener.security.protocol.map=CONTROLLER:PLAINTEXT,INTERNAL:PLAINTEXT,SASL:SASL_SSL,MTLS:SSL
log.dirs=data
default.replication.factor=%[5]d
min.insync.replicas=%[6]d
offsets.topic.replication.factor=%[5]d
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=%[5]d
transaction.state.log.min.isr=%[6]d
transaction.state.log.num.partitions=1
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
auto.create.topics.enable=false
num.network.threads=2
num.io.threads=2
background.threads=2
num.recovery.threads.per.data.dir=1
log.cleaner.dedupe.buffer.size=2097152
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
controller.quorum.election.timeout.ms=500
controller.quorum.election.backoff.max.ms=500
controller.quorum.fetch.timeout.ms=1000
controller.quorum.request.timeout.ms=1000
replica.lag.time.max.ms=3000
`

// secureSettings add listeners for SASL over TLS and for clients' certificates, and lists of who may do what: nothing
// that no list allows. Who logged in by SASL has to do so again after two seconds. The brokers themselves, and tests as the administrator, use the internal listener.
const secureSettings = `ssl.keystore.type=PEM
ssl.keystore.location=%[1]s
ssl.truststore.type=PEM
ssl.truststore.location=%[2]s
listener.name.mtls.ssl.client.auth=required
listener.name.sasl.connections.max.reauth.ms=2000
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER
listener.name.sasl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required%[3]s;
listener.name.sasl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl.scram-sha-512.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.sasl.oauthbearer.sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer
super.users=User:ANONYMOUS
allow.everyone.if.no.acl.found=false
`

// Security is whom a secure broker lets in. It also takes unsecured tokens (RFC 7519, alg none) by OAUTHBEARER.
type Security struct {
	KeyPair   string // PEM file: the broker's key in PKCS#8, then its certificate
	Authority string // PEM file: the authority of clients' certificates
	Users     []User // by PLAIN or SCRAM; they may do nothing until a list allows it
}

// text is what Security adds to the settings.
func (s *Security) text() string {
	plain := ""
	for _, user := range s.Users {
		if user.Mechanism == "PLAIN" {
			plain += fmt.Sprintf(" user_%s=%q", user.Name, user.Password)
		}
	}
	return fmt.Sprintf(secureSettings, s.KeyPair, s.Authority, plain)
}

// credentials are the arguments that make a new broker know the users of SCRAM.
func (s *Security) credentials() (args []string) {
	for _, user := range s.Users {
		if strings.HasPrefix(user.Mechanism, "SCRAM-") {
			args = append(args, "--add-scram", fmt.Sprintf("%s=[name=%s,password=%s]", user.Mechanism, user.Name, user.Password))
		}
	}
	return args
}

// setUp gives each broker of a new cluster its ports and returns the text of its settings.
func setUp(brokers []*Java, security *Security) ([]string, error) {
	voters := make([]string, len(brokers))
	for i, j := range brokers {
		for _, port := range []*int{&j.port, &j.control, &j.sasl, &j.mtls} {
			var err error
			if *port, err = freePort(); err != nil {
				return nil, err
			}
		}
		voters[i] = fmt.Sprintf("%d@127.0.0.1:%d", i+1, j.control)
	}
	texts := make([]string, len(brokers))
	for i, j := range brokers {
		listeners, more := "INTERNAL://"+j.Addr(), ""
		if security != nil {
			listeners, more = listeners+",SASL://"+j.SASLAddr()+",MTLS://"+j.MTLSAddr(), security.text()
		}
		texts[i] = more + fmt.Sprintf(settings, i+1, strings.Join(voters, ","), listeners, j.control, len(brokers), len(brokers)/2+1)
	}
	return texts, nil
}

// Addr is where the broker listens, host:port; it stays the same over restarts. Whoever connects there may do anything.
func (j *Java) Addr() string { return address(j.port) }

// SASLAddr is where a secure broker takes connections by TLS and asks for SASL.
func (j *Java) SASLAddr() string { return address(j.sasl) }

// MTLSAddr is where a secure broker takes connections by TLS and asks for a certificate, whose name is the user's.
func (j *Java) MTLSAddr() string { return address(j.mtls) }

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }

// Dir is the folder of its logs: a folder TOPIC-PARTITION each.
func (j *Java) Dir() string { return filepath.Join(j.dir, "data") }
