import type { EventEmitter } from 'node:events';

/**
 * Emits from inside the protocol machinery, where a throwing listener must not stop what comes after it: its
 * error surfaces on its own, as an uncaught exception, like that of any event listener.
 */
export function emitSafely(emitter: EventEmitter, event: string, ...args: unknown[]): void {
  try {
    emitter.emit(event, ...args);
  } catch (error) {
    rethrowLater(error);
  }
}

export function rethrowLater(error: unknown): void {
  process.nextTick(() => {
    throw error;
  });
}
