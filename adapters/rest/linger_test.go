package rest_test

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"

	"github.com/tasktide/tasktide/adapters/rest"
)

// overTCP is an app's address.
func overTCP(t *testing.T) string {
	t.Helper()
	app := fiber.New(rest.Config(slog.New(slog.DiscardHandler)))
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- app.Listener(rest.Listener(l)) }()
	t.Cleanup(func() {
		if err := app.ShutdownWithTimeout(10 * time.Second); err != nil {
			t.Error(err)
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return l.Addr().String()
}

// announce sends the head of a request with a body of n bytes, of which it sends none.
func announce(t *testing.T, address string, n int) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	_ = c.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := fmt.Fprintf(c, "POST /api/u1/tasks HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", n); err != nil {
		t.Fatal(err)
	}
	return c
}

// A proxy sends the whole body, then reads the answer.
func TestWhoSendsALargeBodyToItsEndStillGetsTheAnswer(t *testing.T) {
	t.Parallel()
	address := overTCP(t)
	for range 20 {
		const size = 1_000_000
		c := announce(t, address, size)
		piece := bytes.Repeat([]byte("x"), 50_000)
		for sent := 0; sent < size; sent += len(piece) {
			if _, err := c.Write(piece); err != nil {
				t.Fatalf("after %d bytes: %v", sent, err)
			}
		}
		answer, err := http.ReadResponse(bufio.NewReader(c), nil)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(answer.Body)
		if answer.StatusCode != http.StatusRequestEntityTooLarge || err != nil || !bytes.Contains(body, []byte("larger than 65536 bytes")) || !answer.Close {
			t.Fatalf("%s %s, %v", answer.Status, body, err)
		}
	}
}

func TestWhoSendsForEverIsCutOff(t *testing.T) {
	t.Parallel()
	c := announce(t, overTCP(t), 1<<40)
	piece, sent := make([]byte, 1<<20), 0
	for ; sent < 64; sent++ {
		if _, err := c.Write(piece); err != nil {
			return
		}
	}
	t.Errorf("%d MiB were taken", sent)
}

func TestWhoOnlyWaitsGetsTheAnswerAtOnceAndIsNotKept(t *testing.T) {
	t.Parallel()
	c := announce(t, overTCP(t), 1<<20)
	began := time.Now()
	answer, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil || answer.StatusCode != http.StatusRequestEntityTooLarge {
		t.Fatal(answer, err)
	}
	if _, err := io.ReadAll(answer.Body); err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the answer took %s", took)
	}
	for { // it neither sends nor goes: until the server lets go of the connection
		if _, err := c.Write([]byte("x")); err != nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Errorf("the connection was kept for %s", took)
	}
}
