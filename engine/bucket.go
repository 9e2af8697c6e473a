package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
)

// S3 is how an object storage that speaks the S3 protocol is reached.
type S3 struct {
	// Endpoint is host or host:port.
	Endpoint string `yaml:"endpoint"`
	// Region of the bucket; empty where the storage has none.
	Region string `yaml:"region"`
	// AccessKeyFile and SecretKeyFile hold the credentials; without them those of the environment (AWS_ACCESS_KEY_ID …) or
	// of the machine are taken.
	AccessKeyFile string `yaml:"access_key_file"`
	SecretKeyFile string `yaml:"secret_key_file"`
	// Plaintext speaks HTTP instead of HTTPS.
	Plaintext bool `yaml:"plaintext"`
}

// Bucket is a Vault in an object storage. What makes it one is the conditional write (If-None-Match: *), by which of two
// members that write one name only one can; a storage that does not know it is refused.
type Bucket struct {
	client *minio.Client
	name   string
	prefix string
}

// requestsEach is how often the client tries one request; we try again ourselves, and say so.
const requestsEach = 2

// NewBucket returns the vault at an address s3://bucket/prefix. It reads the credentials and does not connect.
func NewBucket(address string, c S3) (*Bucket, error) {
	name, prefix, _ := strings.Cut(strings.TrimPrefix(address, bucketScheme), "/")
	chosen := credentials.NewChainCredentials([]credentials.Provider{&credentials.EnvAWS{}, &credentials.IAM{Client: &http.Client{Timeout: 5 * time.Second}}})
	if c.AccessKeyFile != "" {
		access, err := os.ReadFile(c.AccessKeyFile)
		if err != nil {
			return nil, fmt.Errorf("engine.s3.access_key_file: %w", err)
		}
		secret, err := os.ReadFile(c.SecretKeyFile)
		if err != nil {
			return nil, fmt.Errorf("engine.s3.secret_key_file: %w", err)
		}
		chosen = credentials.NewStaticV4(strings.TrimSpace(string(access)), strings.TrimSpace(string(secret)), "")
	}
	client, err := minio.New(c.Endpoint, &minio.Options{Creds: chosen, Secure: !c.Plaintext, Region: c.Region, MaxRetries: requestsEach})
	if err != nil {
		return nil, fmt.Errorf("engine.s3: %w", err)
	}
	return &Bucket{client: client, name: name, prefix: prefix}, nil
}

// Check tells whether the bucket can be read and written and knows conditional writes.
func (b *Bucket) Check(ctx context.Context) error {
	const name = "conditional-write"
	err := b.Put(ctx, name, []byte("This file exists so that a second one of its name is refused.\n"))
	if err == nil {
		err = b.Put(ctx, name, nil)
	}
	switch {
	case errors.Is(err, ErrTaken):
		return nil
	case err == nil:
		return fmt.Errorf("engine.checkpoints: the storage at %s overwrites a file in spite of If-None-Match, so two members could seal one partition: use one that has conditional writes, or a folder", b.client.EndpointURL().Host)
	}
	return fmt.Errorf("engine.checkpoints: bucket %s at %s: %w (check engine.s3 and the rights to list, read, write and delete)", b.name, b.client.EndpointURL().Host, err)
}

// away marks the error of a storage that did not answer, or not in earnest; one that refuses will do so again.
func away(err error) error {
	switch code := minio.ToErrorResponse(err).StatusCode; {
	case err == nil, code >= 400 && code < 500 && code != http.StatusRequestTimeout && code != http.StatusTooManyRequests:
		return err
	}
	return fmt.Errorf("%w: %w", ErrAway, err)
}

func (b *Bucket) key(name string) string { return path.Join(b.prefix, name) }

// Put implements Vault by one conditional request.
func (b *Bucket) Put(ctx context.Context, name string, data []byte) error {
	options := minio.PutObjectOptions{ContentType: "application/octet-stream", DisableMultipart: true}
	options.SetMatchETagExcept("*")
	_, err := b.client.PutObject(ctx, b.name, b.key(name), bytes.NewReader(data), int64(len(data)), options)
	if minio.ToErrorResponse(err).StatusCode == http.StatusPreconditionFailed {
		return ErrTaken
	}
	return away(err)
}

// Open implements Vault.
func (b *Bucket) Open(ctx context.Context, name string) (io.ReadCloser, error) {
	object, err := b.client.GetObject(ctx, b.name, b.key(name), minio.GetObjectOptions{})
	if err != nil {
		return nil, err
	}
	info, err := object.Stat()
	if err != nil { // GetObject asks for nothing yet
		if minio.ToErrorResponse(err).StatusCode == http.StatusNotFound {
			return nil, errors.Join(fs.ErrNotExist, object.Close())
		}
		return nil, errors.Join(away(err), object.Close())
	}
	return &download{object, info.Size}, nil
}

// download is an object on its way. An answer that ends early is an error of the connection, not the end of the file.
type download struct {
	*minio.Object
	left int64
}

func (d *download) Read(b []byte) (int, error) {
	n, err := d.Object.Read(b)
	d.left -= int64(n)
	if d.left > 0 && err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = fmt.Errorf("the storage's answer ended %d bytes early", d.left)
		}
		err = away(err)
	}
	return n, err
}

// List implements Vault.
func (b *Bucket) List(ctx context.Context, dir string) (names []string, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends the listing
	for object := range b.client.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: b.key(dir) + "/"}) {
		if object.Err != nil {
			return nil, away(object.Err)
		}
		names = append(names, path.Base(object.Key))
	}
	return names, nil
}

// Remove implements Vault.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	return away(b.client.RemoveObject(ctx, b.name, b.key(name), minio.RemoveObjectOptions{}))
}
