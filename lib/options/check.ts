import { isUint8Array } from 'node:util/types';
import { closest, distance } from 'fastest-levenshtein';
import { isArray, optionError } from '../errors';

/** Rejects options that do not exist, naming the nearest one that does: a misspelt option must never be ignored. */
export function checkNames(kind: string, options: unknown, known: readonly string[]): void {
  checkRecord(kind, options);
  for (const name of Object.keys(options)) {
    if (known.includes(name)) continue;
    const hint = `did you mean ${nearest(name, known)}? Known are ${known.join(', ')}.`;
    throw optionError(name, undefined, `no such option of ${kind}; ${hint}`);
  }
}

/** That options are an object at all. What is given in its place may well be a key. */
export function checkRecord(kind: string, options: unknown): asserts options is object {
  if (isRecord(options)) return;
  const simple = options === null ? 'null' : `a ${typeof options}`;
  const given = isObject(options) ? `one of kind ${kindName(options)}` : simple;
  throw optionError(kind, undefined, `an object of options is expected, not ${given}.`);
}

/** Whether a value is an object for the sake of its properties, not one of another kind: an array, a Map, a promise. */
export function isRecord(value: unknown): value is object {
  return typeof value === 'object' && RECORDS.includes(kindName(value));
}

/** What the operator `in` takes. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

const RECORDS: readonly string[] = ['Object', 'Module'];

/** "Array", "Null", "Uint8Array". */
function kindName(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** A slip of two letters, else all that contain the given name or are part of it, else the fewest other letters. */
function nearest(name: string, known: readonly string[]): string {
  const likeliest = closest(name, known);
  if (distance(name, likeliest) <= 2) return likeliest;
  const given = name.toLowerCase();
  const related = known.filter((k) => k.toLowerCase().includes(given) || given.includes(k.toLowerCase()));
  return related.length > 0 ? related.join(' or ') : likeliest;
}

/** A whole number within bounds, or the fallback when absent; without one it must be there. */
export function integer(name: string, value: unknown, bounds: { min: number; max: number }, fallback?: number): number {
  if (value === undefined && fallback !== undefined) return fallback;
  if (Number.isInteger(value) && (value as number) >= bounds.min && (value as number) <= bounds.max)
    return value as number;
  throw optionError(name, value, `a whole number from ${bounds.min} to ${bounds.max} is expected, not ${show(value)}.`);
}

export function string(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw optionError(name, value, `a string with something in it is expected, not ${show(value)}.`);
}

/** Or the fallback when absent, as `integer`. */
export function boolean(name: string, value: unknown, fallback?: boolean): boolean {
  if (value === undefined && fallback !== undefined) return fallback;
  if (typeof value === 'boolean') return value;
  throw optionError(name, value, `true or false is expected, not ${show(value)}.`);
}

// biome-ignore lint/complexity/noBannedTypes: any function will do here, its caller knows its shape
export function callback<T extends Function>(name: string, value: T | undefined): T | undefined {
  if (value === undefined || typeof value === 'function') return value;
  // What is given in place of a pskCallback may well be a key.
  throw optionError(name, undefined, `a function is expected, not a ${typeof value}.`);
}

/** That a channel of the user's can be used. */
export function checkMethods(name: string, value: unknown, methods: readonly string[]): void {
  const found = isObject(value) ? (value as Record<string, unknown>) : {};
  const missing = methods.find((method) => typeof found[method] !== 'function');
  if (missing !== undefined) throw optionError(name, undefined, `the method ${missing} is missing.`);
}

/** How a value looks in a message: short, and never a key. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}...` : value);
  if (isUint8Array(value)) return `${value.length} bytes`;
  if (isObject(value)) return isArray(value) ? 'an array' : 'an object';
  if (typeof value === 'function') return 'a function';
  return String(value);
}
