import { describe, expect, it } from 'vitest'
import { deviceText } from './user-agent'
import { offsetText, zoneOptions } from './zones'

describe('a device in words', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0', 'Firefox on Linux'],
    ['Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0', 'Edge on Windows'],
    ['Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36', 'Chrome on Android'],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1', 'Safari on iPhone'],
    ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15', 'Safari on Mac'],
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/140.0.0.0 Safari/537.36', 'Chrome on Linux'],
    ['curl/8.5.0', 'curl'],
    ['my-script/1.0', 'my-script/1.0'],
  ])('%s', (userAgent, want) => {
    expect(deviceText(userAgent)).toBe(want)
  })
  it.each([null, undefined, ''])('that said nothing (%s)', (none) => {
    expect(deviceText(none)).toMatch(/did not say/)
  })
})

describe('zones', () => {
  const winter = Date.parse('2026-12-01T00:00Z')
  it('say how far they are from UTC at that time', () => {
    const options = zoneOptions('Asia/Kolkata', winter)
    expect(options.find((o) => o.value === 'Asia/Kolkata')?.label).toBe('Asia/Kolkata (UTC+5:30)')
    expect(options.find((o) => o.value === 'America/New_York')?.label).toBe('America/New York (UTC−5)')
    expect(options.find((o) => o.value === 'UTC')?.label).toBe('UTC (UTC)')
  })
  it('have the names of today', () => {
    const values = zoneOptions('UTC', winter).map((o) => o.value)
    expect(values).toEqual(expect.arrayContaining(['Asia/Kolkata', 'Europe/Kyiv', 'Asia/Ho_Chi_Minh']))
    expect(values).not.toContain('Asia/Calcutta')
  })
  it('have the one in use, whatever it is, and none twice', () => {
    const values = zoneOptions('Etc/GMT+3', winter).map((o) => o.value)
    expect(values).toContain('Etc/GMT+3')
    expect(new Set(values).size).toBe(values.length)
    expect(offsetText(-210)).toBe('UTC−3:30')
  })
})
