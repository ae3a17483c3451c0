import { expect, test } from '@jest/globals';
import { type AssociationState, move } from '../../lib/association/state';
import { thrown } from '../support/errors';

const states: AssociationState[] = ['idle', 'connecting', 'handshaking', 'open', 'reconnecting', 'closing', 'closed'];
const legal: Record<AssociationState, AssociationState[]> = {
  idle: ['connecting', 'handshaking', 'closing'],
  connecting: ['handshaking', 'reconnecting', 'closing'],
  handshaking: ['connecting', 'open', 'reconnecting', 'closing'],
  open: ['reconnecting', 'closing'],
  reconnecting: ['connecting', 'closing'],
  closing: ['closed'],
  closed: [],
};

test.each(states.flatMap((from) => states.map((to) => [from, to] as const)))('from %s to %s', (from, to) => {
  if (legal[from].includes(to)) expect(move(from, to)).toBe(to);
  else expect(thrown(() => move(from, to))).toMatchObject({ code: 'ERR_DTLS_INTERNAL' });
});
