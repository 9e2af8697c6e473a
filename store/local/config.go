package local

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
)

// configTemplate is the engine's configuration, its users included. Listeners have no authentication without
// users_config. There is no query log and no server log: they would keep pseudonyms beyond their retention.
//
// The engine's own session is of the user default, without a password: it may do nothing but open the port, and since
// it may have one session, nobody else can log in as it. The writer may do all. The reader may set limits such as
// max_execution_time for itself (readonly 2) but change nothing else; its grant leaves out the functions that read
// files or call other servers.
const configTemplate = `<clickhouse>
  <users_config>%[1]s</users_config>
  <timezone>UTC</timezone>
  <mark_cache_size>268435456</mark_cache_size>
  <max_server_memory_usage_to_ram_ratio>0.5</max_server_memory_usage_to_ram_ratio>
  <profiles>
    <default/>
    <own><max_sessions_for_user>1</max_sessions_for_user></own>
    <reader><readonly>2</readonly></reader>
  </profiles>
  <quotas><default/></quotas>
  <users>
    <default><no_password/><profile>own</profile><quota>default</quota><networks><ip>127.0.0.1</ip></networks>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants></default>
    <%[2]s><password_sha256_hex>%[3]x</password_sha256_hex><profile>default</profile><quota>default</quota>
      <networks><ip>127.0.0.1</ip></networks></%[2]s>
    <%[4]s><password_sha256_hex>%[5]x</password_sha256_hex><profile>reader</profile><quota>default</quota>
      <networks><ip>127.0.0.1</ip></networks>
      <grants><query>GRANT SELECT ON %[6]s.*</query></grants></%[4]s>
  </users>
</clickhouse>
`

// writeConfig writes the configuration into the engine's folder.
func (e *Engine) writeConfig() error {
	return e.writeFile(configFile, fmt.Appendf(nil, configTemplate, configFile, Writer, sha256.Sum256([]byte(e.Password)),
		Reader, sha256.Sum256([]byte(e.ReaderPassword)), e.database))
}

// writeFile replaces a file of the folder at once by one that only its owner can read.
func (e *Engine) writeFile(name string, content []byte) error {
	path := filepath.Join(e.dir, name)
	if err := os.WriteFile(path+".new", content, 0o600); err != nil {
		return fmt.Errorf("writing the engine's %s: %w", name, err)
	}
	return os.Rename(path+".new", path)
}
