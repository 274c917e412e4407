package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// drainCommand is the first argument with which this program is a drainer's process.
const drainCommand = "drain-websockets"

// drainer is a process that opens WebSockets and reads them, so that its work does not count as the server's.
type drainer struct {
	bytes atomic.Int64
	cmd   *exec.Cmd
	in    io.WriteCloser
	done  chan struct{}
}

func newDrainer(ctx context.Context, address string, n int) (*drainer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, drainCommand, address, strconv.Itoa(n))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	d := &drainer{cmd: cmd, in: in, done: make(chan struct{})}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(d.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if n, err := strconv.ParseInt(lines.Text(), 10, 64); err == nil {
				d.bytes.Store(n)
			}
		}
	}()
	return d, nil
}

func (d *drainer) stop() {
	if d == nil {
		return
	}
	_ = d.in.Close()
	<-d.done
	_ = d.cmd.Wait()
}

// drainMain opens n connections, five for each user, and prints every few milliseconds how many bytes have come after
// the handshakes. It ends when its input does.
func drainMain(address string, count string) error {
	n, err := strconv.Atoi(count)
	if err != nil {
		return err
	}
	if err := manyFiles(uint64(n + 500)); err != nil {
		return err
	}
	var total atomic.Int64
	slots := make(chan struct{}, 64)
	errs := make(chan error, n)
	for i := range n {
		slots <- struct{}{}
		go func() {
			c, rest, err := handshake(address, userName(i/devices))
			<-slots
			if err != nil {
				errs <- err
				return
			}
			total.Add(int64(rest))
			buffer := make([]byte, 8<<10)
			for {
				n, err := c.Read(buffer)
				total.Add(int64(n))
				if err != nil {
					return
				}
			}
		}()
	}
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	for {
		select {
		case <-ended:
			return nil
		case err := <-errs:
			return err
		case <-time.After(2 * time.Millisecond):
			fmt.Println(total.Load())
		}
	}
}

// handshake opens a WebSocket and returns how many bytes came behind the answer.
func handshake(address, user string) (net.Conn, int, error) {
	c, err := net.Dial("tcp", address)
	if err != nil {
		return nil, 0, err
	}
	_, err = fmt.Fprintf(c, "GET /ws/%s HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer %s\r\n\r\n", user, user)
	if err != nil {
		return nil, 0, err
	}
	head := make([]byte, 0, 4096)
	for {
		n, err := c.Read(head[len(head):cap(head)])
		head = head[:len(head)+n]
		if i := bytes.Index(head, []byte("\r\n\r\n")); i >= 0 {
			if !strings.HasPrefix(string(head), "HTTP/1.1 101") {
				return nil, 0, errors.New(string(head))
			}
			return c, len(head) - i - 4, nil
		}
		if err != nil {
			return nil, 0, err
		}
	}
}
