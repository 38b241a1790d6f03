package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// socketName is the socket of whoever owns the ledger, in the data directory, which only its owner may enter.
const socketName = "millrace.sock"

// pointerName is a file in the data directory that names the socket's place when the path of the data directory is too
// long for a socket. What stands in it can be trusted like the directory itself.
const pointerName = "millrace.sock.path"

// longestSocket is the longest path a socket may have on every system we run on: 104 bytes on macOS, 108 on Linux,
// with the byte that ends it (https://man7.org/linux/man-pages/man7/unix.7.html).
const longestSocket = 103

// findSocket returns where the socket of a data directory is, if there is one.
func findSocket(data string) string {
	if name, err := os.ReadFile(filepath.Join(data, pointerName)); err == nil {
		return strings.TrimSpace(string(name))
	}
	return filepath.Join(data, socketName)
}

// placeSocket returns the path for a new socket and a function that removes what it made. What a killed process has
// left is removed first: whoever calls this holds the ledger's lock, so nobody can be behind it.
func placeSocket(data string) (socket string, remove func(), err error) {
	dropPointer(data)
	socket = filepath.Join(data, socketName)
	if err := os.Remove(socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return "", nil, fmt.Errorf("make way for the local socket: %w", err)
	}
	if len(socket) <= longestSocket {
		return socket, func() {}, nil
	}
	dir, err := os.MkdirTemp("", "millrace-") // for its owner only
	if err != nil {
		return "", nil, fmt.Errorf("place for the local socket: %w", err)
	}
	socket = filepath.Join(dir, socketName)
	if err := os.WriteFile(filepath.Join(data, pointerName), []byte(socket+"\n"), 0o600); err != nil {
		return "", nil, errors.Join(fmt.Errorf("place for the local socket: %w", err), os.Remove(dir))
	}
	return socket, func() { dropPointer(data) }, nil
}

// dropPointer removes the pointer and the directory it names. Only an empty directory is removed, whatever the file
// says.
func dropPointer(data string) {
	pointer := filepath.Join(data, pointerName)
	name, err := os.ReadFile(pointer)
	if err != nil {
		return
	}
	socket := strings.TrimSpace(string(name))
	if filepath.Base(socket) == socketName {
		_ = os.Remove(socket)
		_ = os.Remove(filepath.Dir(socket))
	}
	_ = os.Remove(pointer)
}
