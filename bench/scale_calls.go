package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// callers call at the same time, each one thing after the other.
const callers = 4

// call is the i-th of all; caller is who of callers does it.
type call func(ctx context.Context, caller, i int) error

// beside measures ours and the reference in turns of a moment.
func (e *env) beside(ctx context.Context, what string, ours call, r reference) (figure, error) {
	f := figure{what: what, beside: r.name}
	var raw []time.Duration
	next := [2]int{}
	for range 3 {
		began := time.Now()
		some, err := closedLoop(ctx, time.Duration(e.n(1000))*time.Millisecond, &next[0], ours)
		if err != nil {
			return f, fmt.Errorf("%s: %w", what, err)
		}
		f.within += time.Since(began)
		f.took = append(f.took, some...)
		if some, err = closedLoop(ctx, time.Duration(e.n(500))*time.Millisecond, &next[1], r.do); err != nil {
			return f, fmt.Errorf("%s, the reference: %w", what, err)
		}
		raw = append(raw, some...)
	}
	slices.Sort(f.took)
	slices.Sort(raw)
	f.n, f.raw = len(f.took), raw[len(raw)/2]
	return f, nil
}

// closedLoop calls for a span, and each caller once at least; next goes on where the call before ended.
func closedLoop(ctx context.Context, span time.Duration, next *int, do call) ([]time.Duration, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var all sync.WaitGroup
	var n atomic.Int64
	n.Store(int64(*next))
	took, errs := make([][]time.Duration, callers), make([]error, callers)
	end := time.Now().Add(span)
	for c := range callers {
		all.Go(func() {
			for {
				began := time.Now()
				if errs[c] = do(ctx, c, int(n.Add(1))-1); errs[c] != nil {
					cancel()
					return
				}
				now := time.Now()
				took[c] = append(took[c], now.Sub(began))
				if now.After(end) {
					return
				}
			}
		})
	}
	all.Wait()
	*next = int(n.Load())
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return slices.Concat(took...), nil
}

// reference is the least that the database can be asked for.
type reference struct {
	name string
	do   call
}

// takes is what one takes by the median, in a moment.
func (r reference) takes(ctx context.Context, e *env) (time.Duration, error) {
	took, err := closedLoop(ctx, time.Duration(e.n(500))*time.Millisecond, new(int), r.do)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", r.name, err)
	}
	slices.Sort(took)
	return took[len(took)/2], nil
}

func selectOne(pool *pgxpool.Pool) reference {
	return reference{"SELECT 1", func(ctx context.Context, _, _ int) error {
		var one int
		return pool.QueryRow(ctx, "SELECT 1").Scan(&one)
	}}
}

// insertOne is a durable row of the size of an event, in a table with a primary key.
func insertOne(ctx context.Context, pool *pgxpool.Pool) (reference, error) {
	body := string(created(1, 1)[0].Data)
	err := execute(ctx, pool, "CREATE TABLE raw (id uuid PRIMARY KEY, body text NOT NULL)")
	return reference{"one INSERT", func(ctx context.Context, _, _ int) error {
		_, err := pool.Exec(ctx, "INSERT INTO raw VALUES ($1, $2)", uuid.New(), body)
		return err
	}}, err
}

// clientsOf are keep-alive connections to the API, one for each caller.
type clientsOf struct {
	conns [callers]net.Conn
	in    [callers]*bufio.Reader
}

func dial(address string) (*clientsOf, error) {
	c := &clientsOf{}
	for i := range callers {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			c.close()
			return nil, err
		}
		c.conns[i], c.in[i] = conn, bufio.NewReaderSize(conn, 16<<10)
	}
	return c, nil
}

func (c *clientsOf) close() {
	for _, conn := range c.conns {
		if conn != nil {
			_ = conn.Close()
		}
	}
}

// send sends requests in turns, which must all be answered with status.
func (c *clientsOf) send(requests [][]byte, status string) call {
	return func(_ context.Context, caller, i int) error {
		if _, err := c.conns[caller].Write(requests[i%len(requests)]); err != nil {
			return err
		}
		return readAnswer(c.in[caller], status)
	}
}

// gets are requests for path of each of users.
func gets(sign signer, users []string, path func(i int) string) ([][]byte, error) {
	var out [][]byte
	for i, u := range users {
		token, err := sign(u)
		if err != nil {
			return nil, err
		}
		out = append(out, fmt.Appendf(nil, "GET /api/%s%s HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer %s\r\n\r\n", u, path(i), token))
	}
	return out, nil
}

// posts create a task of each of users.
func posts(sign signer, users []string) ([][]byte, error) {
	var out [][]byte
	for _, u := range users {
		r, err := newTask(u, sign)
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
