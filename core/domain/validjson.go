package domain

import "encoding/json"

// ValidJSON is json.Valid, a few times faster: every event is checked on its way.
func ValidJSON(b []byte) bool {
	v := validator{b: b}
	v.space()
	ok := v.value(0)
	if v.deep {
		return json.Valid(b)
	}
	v.space()
	return ok && v.i == len(b)
}

type validator struct {
	b    []byte
	i    int
	deep bool // nested deeper than this reads
}

const maxDepth = 64

// plain are the bytes that stand for themselves in a string.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 0x20 && c != '"' && c != '\\'
	}
	return t
}()

// at is the byte here; 0, which is valid nowhere outside of a string, at the end.
func (v *validator) at() byte {
	if v.i < len(v.b) {
		return v.b[v.i]
	}
	return 0
}

func (v *validator) space() {
	for v.i < len(v.b) && (v.b[v.i] == ' ' || v.b[v.i] == '\n' || v.b[v.i] == '\t' || v.b[v.i] == '\r') {
		v.i++
	}
}

func (v *validator) value(depth int) bool {
	if depth > maxDepth {
		v.deep = true
		return false
	}
	switch v.at() {
	case '"':
		return v.text()
	case '{':
		return v.list('}', depth, true)
	case '[':
		return v.list(']', depth, false)
	case 't':
		return v.word("true")
	case 'f':
		return v.word("false")
	case 'n':
		return v.word("null")
	}
	return v.number()
}

func (v *validator) word(w string) bool {
	if len(v.b)-v.i < len(w) || string(v.b[v.i:v.i+len(w)]) != w {
		return false
	}
	v.i += len(w)
	return true
}

// list reads an array, or an object when its elements have names.
func (v *validator) list(end byte, depth int, named bool) bool {
	v.i++
	v.space()
	if v.at() == end {
		v.i++
		return true
	}
	for {
		if named {
			if v.at() != '"' || !v.text() {
				return false
			}
			v.space()
			if v.at() != ':' {
				return false
			}
			v.i++
			v.space()
		}
		if !v.value(depth + 1) {
			return false
		}
		v.space()
		switch v.at() {
		case end:
			v.i++
			return true
		case ',':
			v.i++
			v.space()
		default:
			return false
		}
	}
}

func (v *validator) text() bool {
	b := v.b
	for i := v.i + 1; i < len(b); i++ {
		c := b[i]
		if plain[c] {
			continue
		}
		if c == '"' {
			v.i = i + 1
			return true
		}
		if c != '\\' {
			return false
		}
		i++
		if i == len(b) {
			return false
		}
		switch b[i] {
		case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		case 'u':
			if len(b)-i < 5 || !hexadecimal(b[i+1:i+5]) {
				return false
			}
			i += 4
		default:
			return false
		}
	}
	return false
}

func hexadecimal(b []byte) bool {
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') && (c < 'A' || c > 'F') {
			return false
		}
	}
	return true
}

func (v *validator) number() bool {
	if v.at() == '-' {
		v.i++
	}
	if v.at() == '0' {
		v.i++
	} else if !v.digits() {
		return false
	}
	if v.at() == '.' {
		v.i++
		if !v.digits() {
			return false
		}
	}
	if c := v.at(); c == 'e' || c == 'E' {
		v.i++
		if c := v.at(); c == '+' || c == '-' {
			v.i++
		}
		return v.digits()
	}
	return true
}

func (v *validator) digits() bool {
	from := v.i
	for v.i < len(v.b) && v.b[v.i] >= '0' && v.b[v.i] <= '9' {
		v.i++
	}
	return v.i > from
}
