const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const threeDigits = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });

/** "12,345" */
export function count(value: number): string {
  return whole.format(value);
}

/** "12,345/s"; small rates with their fraction. */
export function perSecond(value: number): string {
  return `${value < 100 ? threeDigits.format(value) : count(value)}/s`;
}

/** "53 µs", "1.23 ms", "12.3 s" */
export function duration(ms: number): string {
  if (ms < 1) return `${count(ms * 1000)} µs`;
  if (ms < 1000) return `${threeDigits.format(ms)} ms`;
  return `${threeDigits.format(ms / 1000)} s`;
}

/** "0.12 %", of a share from 0 to 1 */
export function percent(share: number): string {
  return `${threeDigits.format(share * 100)} %`;
}

/** "12.3 MB/s" */
export function bytesPerSecond(value: number): string {
  const [size, unit] = value < 1e3 ? [value, 'B'] : value < 1e6 ? [value / 1e3, 'kB'] : [value / 1e6, 'MB'];
  return `${threeDigits.format(size)} ${unit}/s`;
}

/** "1 message", "2 messages" */
export function plural(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}
