//go:build !linux

package local

import "syscall"

// withParent is for Linux; elsewhere a child outlives a parent that was killed.
func withParent() *syscall.SysProcAttr { return nil }
