package local

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The users of an engine: one writes, the other can only select from the database of the options.
const (
	writerUser = "unopened"
	readerUser = "reader"
)

// password returns a new random password of 192 bits.
func password() string {
	var b [24]byte
	rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// configTemplate is the engine's configuration. Listeners have no authentication without users_config. There is no
// query log and no server log: they would keep pseudonyms beyond their retention.
const configTemplate = `<clickhouse>
  <users_config>%s</users_config>
  <timezone>UTC</timezone>
  <mark_cache_size>268435456</mark_cache_size>
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
</clickhouse>
`

// usersTemplate has three users. The engine's own session is of the user default, without a password: it may do
// nothing but open the port, and since it may have one session, nobody else can log in as it. The writer may do all.
// The reader may set limits such as max_execution_time for itself (readonly 2) but change nothing else; its grant
// leaves out the functions that read files or call other servers.
const usersTemplate = `<clickhouse>
  <profiles>
    <default/>
    <own><max_sessions_for_user>1</max_sessions_for_user></own>
    <reader><readonly>2</readonly></reader>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default><no_password/><profile>own</profile><quota>default</quota><networks><ip>127.0.0.1</ip></networks>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants></default>
    <%[1]s><password_sha256_hex>%[2]s</password_sha256_hex><profile>default</profile><quota>default</quota>
      <networks><ip>127.0.0.1</ip></networks></%[1]s>
    <%[3]s><password_sha256_hex>%[4]s</password_sha256_hex><profile>reader</profile><quota>default</quota>
      <networks><ip>127.0.0.1</ip></networks>
      <grants><query>GRANT SELECT ON %[5]s.*</query></grants></%[3]s>
  </users>
</clickhouse>
`

// writeConfig writes the configuration into the engine's folder, for its owner's eyes only, and returns its path.
func (e *Engine) writeConfig() (string, error) {
	config, users := filepath.Join(e.dir, "config.xml"), filepath.Join(e.dir, "users.xml")
	text := fmt.Sprintf(usersTemplate, e.User, digest(e.Password), e.Reader, digest(e.ReaderPassword), escape(identifier(e.opts.Database)))
	if err := writePrivate(users, []byte(text)); err != nil {
		return "", err
	}
	return config, writePrivate(config, fmt.Appendf(nil, configTemplate, escape(users)))
}

// writePrivate replaces a file at once by one that only its owner can read.
func writePrivate(path string, content []byte) error {
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return fmt.Errorf("writing the engine's configuration: %w", err)
	}
	return os.Rename(path+".new", path)
}

// digest is a password as ClickHouse's configuration keeps it.
func digest(password string) string {
	sum := sha256.Sum256([]byte(password))
	return hex.EncodeToString(sum[:])
}

// escape makes text safe inside XML.
func escape(text string) string {
	var b bytes.Buffer
	xml.EscapeText(&b, []byte(text)) // a Buffer's writes never fail
	return b.String()
}

// identifier quotes a name in SQL.
func identifier(name string) string {
	return "`" + strings.NewReplacer(`\`, `\\`, "`", "\\`").Replace(name) + "`"
}

// quote makes an SQL string literal.
func quote(text string) string {
	return "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(text) + "'"
}
