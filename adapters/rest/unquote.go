package rest

import (
	"bytes"
	"unicode/utf16"
	"unicode/utf8"
)

// unquote is the text of a valid JSON string, in memory of its own. Half of a
// surrogate pair becomes bytes that are no UTF-8, and is not replaced as the
// standard library does it: so the rules find it and can name the field.
func unquote(raw []byte) string {
	raw = raw[1 : len(raw)-1]
	i := bytes.IndexByte(raw, '\\')
	if i < 0 {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for i >= 0 {
		out = append(out, raw[:i]...)
		switch c := raw[i+1]; c {
		case 'u':
			r := hex4(raw[i+2:])
			raw = raw[i+6:]
			if utf16.IsSurrogate(r) {
				if pair := second(raw); pair >= 0 {
					if whole := utf16.DecodeRune(r, pair); whole != utf8.RuneError {
						r, raw = whole, raw[6:]
					}
				}
			}
			out = appendRune(out, r)
		default:
			if j := bytes.IndexByte([]byte("bfnrt"), c); j >= 0 {
				c = "\b\f\n\r\t"[j]
			}
			out, raw = append(out, c), raw[i+2:]
		}
		i = bytes.IndexByte(raw, '\\')
	}
	return string(append(out, raw...))
}

// second is the code of a \u escape that raw begins with, or -1.
func second(raw []byte) rune {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return -1
	}
	return hex4(raw[2:])
}

func hex4(b []byte) (r rune) {
	for _, c := range b[:4] {
		switch {
		case c <= '9':
			c -= '0'
		case c <= 'F':
			c -= 'A' - 10
		default:
			c -= 'a' - 10
		}
		r = r<<4 | rune(c)
	}
	return r
}

func appendRune(b []byte, r rune) []byte {
	if utf16.IsSurrogate(r) {
		return append(b, 0xe0|byte(r>>12), 0x80|byte(r>>6)&0x3f, 0x80|byte(r)&0x3f)
	}
	return utf8.AppendRune(b, r)
}
