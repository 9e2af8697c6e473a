package local

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// JavaVersion is the version of Apache Kafka that tests use, OldJavaVersion the last of those before it that still
// speak the old versions of the protocol.
const (
	JavaVersion    = "4.4.0"
	OldJavaVersion = "3.9.2"
)

// mavenPlugin fetches the jars; pinned, because Maven would otherwise take the newest.
const mavenPlugin = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"

// pom asks for the broker with all that it needs, and for an slf4j binding, without which it has no log.
const pom = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId><artifactId>kafka-broker</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>%s</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`

// ErrNoJava tells that the real broker cannot be had on this machine.
var ErrNoJava = errors.New("no Apache Kafka on this machine")

// jars returns the folder of the broker's jars in the user's cache, after having Maven fetch them (70 MB) if they are
// not there. Several processes may do so at once: the first to end wins, the others' work is dropped.
func jars(ctx context.Context, version string) (string, error) {
	if _, err := exec.LookPath("java"); err != nil {
		return "", fmt.Errorf("%w: java is not installed (version 17 or later is needed)", ErrNoJava)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("%w: there is no cache folder: %w", ErrNoJava, err)
	}
	dir := filepath.Join(cache, "unopened", "kafka-"+version)
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if _, err := exec.LookPath("mvn"); err != nil {
		return "", fmt.Errorf("%w: its jars are not in %s, and mvn, which fetches them, is not installed", ErrNoJava, dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("making the cache of Apache Kafka: %w", err)
	}
	return dir, fetchJars(ctx, dir, version)
}

// fetchJars has Maven copy the jars and puts them in place at once.
func fetchJars(ctx context.Context, dir, version string) error {
	temp, err := os.MkdirTemp(filepath.Dir(dir), "fetch-")
	if err != nil {
		return fmt.Errorf("fetching Apache Kafka: %w", err)
	}
	defer os.RemoveAll(temp) //nolint:errcheck // a leftover is harmless
	if err := os.WriteFile(filepath.Join(temp, "pom.xml"), fmt.Appendf(nil, pom, version), 0o644); err != nil {
		return fmt.Errorf("fetching Apache Kafka: %w", err)
	}
	cmd := exec.CommandContext(ctx, "mvn", "-q", "-B", mavenPlugin, "-DoutputDirectory=libs", "-DincludeScope=runtime")
	cmd.Dir = temp
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: mvn could not fetch version %s: %w\n%s", ErrNoJava, version, err, text)
	}
	err = os.Rename(filepath.Join(temp, "libs"), dir)
	if _, there := os.Stat(dir); there == nil {
		return nil // by us or by another process
	}
	return fmt.Errorf("fetching Apache Kafka: %w", err)
}
